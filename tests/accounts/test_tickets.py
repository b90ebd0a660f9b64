"""Tickets: once, for one purpose, for a while."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, select

from buckler.accounts import tickets
from buckler.accounts.problems import AccountError
from buckler.accounts.tables import Ticket
from buckler.testing import SECRET, guarded
from tests.accounts.flows import signed_up

if TYPE_CHECKING:
    from buckler.accounts.visit import Visit
    from tests.accounts.stage import Browser, Stage


async def _issue(visit: Visit, purpose: str = "reset", lives_s: float = 60, **about: Any) -> str:
    token = await tickets.issue(visit, purpose, lives_s, **about)
    await visit.commit()
    return token


async def _redeem(visit: Visit, purpose: str, token: str) -> Any:
    found = await tickets.redeem(visit, purpose, token)
    await visit.commit()
    return found


async def _refused(browser: Browser, purpose: str, token: str) -> bool:
    try:
        await browser.call(_redeem, purpose, token)
    except AccountError as error:
        return error.problem is tickets.GONE
    return False


async def test_a_ticket_works_once(stage: Stage) -> None:
    browser = stage.browser()
    token = await browser.call(_issue, email="a@b.example")
    assert await browser.call(tickets.look, "reset", token) == (None, {"email": "a@b.example"})
    assert await browser.call(_redeem, "reset", token) == (None, {"email": "a@b.example"})
    assert await _refused(browser, "reset", token)


async def test_who_comes_second_in_the_same_moment_gets_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    browser, plain = stage.browser(), tickets.look
    token = await browser.call(_issue)

    async def look_and_be_overtaken(visit: Visit, purpose: str, given: str) -> Any:
        found = await plain(visit, purpose, given)
        await visit.db.execute(delete(Ticket))
        return found

    monkeypatch.setattr(tickets, "look", look_and_be_overtaken)
    assert await _refused(browser, "reset", token)


async def test_a_ticket_is_for_one_purpose(stage: Stage) -> None:
    """CVE-2026-6873: what was made for one purpose is nothing for another."""
    browser = stage.browser()
    token = await browser.call(_issue, "verify")
    assert await _refused(browser, "reset", token)
    assert not await _refused(browser, "verify", token)


async def test_a_ticket_ends_and_is_swept_out(stage: Stage) -> None:
    browser = stage.browser()
    token = await browser.call(_issue)
    stage.clock.move(60)
    assert await _refused(browser, "reset", token)
    await browser.call(_issue)
    async with stage.accounts.database() as db:
        assert len((await db.scalars(select(Ticket))).all()) == 1


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "A" * 5000, "ü", "\udcff"])
async def test_what_is_no_ticket_is_refused(stage: Stage, token: str) -> None:
    assert await _refused(stage.browser(), "reset", token)


async def test_of_many_that_redeem_one_ticket_one_wins(stage: Stage) -> None:
    """GHSA-392p-2q2v-4372 and its like."""
    browser = stage.browser()
    token = await browser.call(_issue)
    refused = await asyncio.gather(*(_refused(browser, "reset", token) for _ in range(20)))
    assert refused.count(False) == 1


async def test_who_reads_the_table_learns_neither_token_nor_subject(stage: Stage) -> None:
    token = await stage.browser().call(_issue, email="a@b.example")
    async with stage.accounts.database() as db:
        row = (await db.scalars(select(Ticket))).one()
    assert token not in f"{row.digest!r} {row.sealed}"
    assert "b.example" not in row.sealed


async def test_the_newest_ticket_of_a_person_counts(stage: Stage) -> None:
    browser = stage.browser()
    await signed_up(stage, browser)
    person = await stage.person()

    async def issue(visit: Visit) -> str:
        return await _issue(visit, person_id=person.id)

    first, second = await browser.do(issue), await browser.do(issue)
    assert await _refused(browser, "reset", first)
    assert not await _refused(browser, "reset", second)


async def test_a_ticket_that_was_sealed_with_a_secret_out_of_rotation_is_gone(stage: Stage) -> None:
    browser = stage.browser()
    token = await browser.call(_issue)
    stage.guard = guarded(stage._run, clock=stage.clock, store=stage.store, secrets=["another secret of thirty-two bytes or more"])
    assert await _refused(stage.browser(), "reset", token)
    stage.guard = guarded(stage._run, clock=stage.clock, store=stage.store, secrets=["another secret of thirty-two bytes or more", SECRET])
    assert not await _refused(stage.browser(), "reset", token)
