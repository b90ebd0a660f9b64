from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import event, func, select

from buckler.accounts.problems import AccountError
from buckler.accounts.tables import PersonalToken
from buckler.accounts.tokens import NEVER, Tokens, owner_of, personal
from tests.accounts.stage import stage_at
from tests.accounts.tokens.acts import broken_store, deleted, disabled, end, holding, make, revoke_personal, somebody

if TYPE_CHECKING:
    from pathlib import Path

    from buckler.accounts.visit import Visit
    from tests.accounts.stage import Browser, Stage

DAY_S = 86_400


async def _refused(browser: Browser, act: Any, *given: Any, **named: Any) -> AccountError:
    with pytest.raises(AccountError) as caught:
        await browser.call(act, *given, **named)
    return caught.value


async def test_a_token_proves_its_person(anywhere: Stage) -> None:
    browser, person = anywhere.browser(), await somebody(anywhere)
    text, row = await browser.call(make, person, "Backup", ("articles:read",))
    signed = await browser.call(owner_of, text)
    assert (signed.person_id, signed.how, signed.token_id) == (person.id, "personal_token", str(row.id))
    assert signed.scopes == frozenset({"articles:read"})
    assert signed.may_use("articles:read")
    assert not signed.may_use("articles:delete")
    assert signed.fresh_s == float("inf")


async def test_it_is_shown_once_and_not_kept(stage: Stage, tmp_path: Path) -> None:
    text, row = await stage.browser().call(make, await somebody(stage))
    assert row.hint == text[-4:]
    await stage.letters()
    secret = text[4:-6].encode()
    assert not holding(tmp_path, secret)
    assert text not in repr(row)
    assert not [letter for letter in await stage.letters() if secret in letter.as_bytes()]
    assert not [item for item in stage.guard.plan.site.events.drain() if text in repr(item)]


async def test_the_person_is_told(stage: Stage) -> None:
    await stage.browser().call(make, await somebody(stage), "Backup", ("articles:read",))
    letter = (await stage.letters())[-1]
    assert "token" in str(letter["Subject"])
    assert "account.token_made" in stage.events()
    assert await stage.log() == ["token_made"]


async def test_it_ends_after_ninety_days_unless_something_else_is_said(stage: Stage) -> None:
    browser, person = stage.browser(), await somebody(stage)
    usual, _ = await browser.call(make, person)
    short, _ = await browser.call(make, person, days=1)
    endless, row = await browser.call(make, person, days=NEVER)
    assert row.expires_at is None
    stage.clock.move(DAY_S - 1)
    await browser.call(owner_of, short)
    stage.clock.move(1)
    await _refused(browser, owner_of, short)
    stage.clock.move(89 * DAY_S - 1)
    await browser.call(owner_of, usual)
    stage.clock.move(1)
    assert (await _refused(browser, owner_of, usual)).problem.status == 401
    stage.clock.move(4000 * DAY_S)
    await browser.call(owner_of, endless)


@pytest.mark.parametrize("days", [0, -1, 4000, 31, "never", "30", 1.5])
async def test_days_that_a_site_does_not_allow(tmp_path: Path, days: Any) -> None:
    async with stage_at(tmp_path, tokens=Tokens(days=30, max_days=30)) as stage:
        found = await _refused(stage.browser(), make, await somebody(stage), days=days)
        assert (found.problem.code, found.field) == ("account.token_days", "days")
        assert "30" in found.fix


@pytest.mark.parametrize("name", ["", "   ", "a" * 101, "two\nlines", "\u202eevil"])
async def test_names_that_cannot_be_used(stage: Stage, name: str) -> None:
    assert (await _refused(stage.browser(), make, await somebody(stage), name)).field == "name"


@pytest.mark.parametrize("scopes", [("*",), ("articles:*",), ("Articles",), ("",), ("a:b c",), ("articles:read", "*")])
async def test_a_scope_is_named_in_full(stage: Stage, scopes: tuple[str, ...]) -> None:
    assert (await _refused(stage.browser(), make, await somebody(stage), "Backup", scopes)).problem.code == "account.scope_unknown"


async def test_scopes_are_those_that_the_site_offers(tmp_path: Path) -> None:
    async with stage_at(tmp_path, tokens=Tokens(scopes=["articles:read"])) as stage:
        browser, person = stage.browser(), await somebody(stage)
        await browser.call(make, person, "Backup", ("articles:read", "articles:read"))
        assert (await _refused(browser, make, person, "Backup", ("articles:delete",))).field == "scopes"


async def test_there_are_few_scopes(stage: Stage) -> None:
    scopes = tuple(f"scope{number}" for number in range(21))
    assert (await _refused(stage.browser(), make, await somebody(stage), "Backup", scopes)).problem.code == "account.scopes_many"


async def test_a_mistyped_token_costs_no_statement(stage: Stage) -> None:
    browser = stage.browser()
    text, _ = await browser.call(make, await somebody(stage))
    said: list[str] = []
    event.listen(stage.engine.sync_engine, "before_cursor_execute", lambda *given: said.append(given[2]))
    await _refused(browser, owner_of, text[:-1] + ("0" if text[-1] != "0" else "1"))
    assert said == []
    await browser.call(owner_of, text)
    assert [item.split()[0] for item in said] == ["SELECT", "UPDATE"]


async def test_the_use_is_written_once_a_minute(stage: Stage) -> None:
    browser, person = stage.browser(), await somebody(stage)
    text, _ = await browser.call(make, person)
    said: list[str] = []
    event.listen(stage.engine.sync_engine, "before_cursor_execute", lambda *given: said.append(given[2].split()[0]))
    for _ in range(6):
        await browser.call(owner_of, text)
        stage.clock.move(10)
    assert said.count("UPDATE") == 1
    await browser.call(owner_of, text)
    assert said.count("UPDATE") == 2
    assert said.count("SELECT") == 7
    (row,) = await browser.call(personal.listed, person)
    assert row.used_at is not None
    assert row.used_at.timestamp() == stage.clock.now()


async def test_a_token_of_a_disabled_person_does_not_work(anywhere: Stage) -> None:
    browser, person = anywhere.browser(), await somebody(anywhere)
    text, _ = await browser.call(make, person)
    await disabled(anywhere, person)
    await _refused(browser, owner_of, text)
    assert (await _refused(browser, make, person)).problem.code == "account.person_gone"


async def test_a_token_of_a_deleted_person_does_not_work(anywhere: Stage) -> None:
    """GHSA-2vg6-77g8-24mp."""
    browser, person = anywhere.browser(), await somebody(anywhere)
    text, _ = await browser.call(make, person)
    await deleted(anywhere, person)
    await _refused(browser, owner_of, text)
    assert (await _refused(browser, make, person)).problem.code == "account.person_gone"


async def test_limit_of_one_token(stage: Stage) -> None:
    browser, person = stage.browser(), await somebody(stage)
    text, _ = await browser.call(make, person, per_minute=3)
    other, _ = await browser.call(make, person, per_minute=3)
    for _ in range(3):
        await browser.call(owner_of, text)
    found = await _refused(browser, owner_of, text)
    assert found.problem.status == 429
    assert found.retry_s == pytest.approx(20)
    assert "20 seconds" in found.fix
    await browser.call(owner_of, other)
    stage.clock.move(20)
    await browser.call(owner_of, text)


@pytest.mark.parametrize("rate", [0, -5, 601])
async def test_a_limit_only_narrows(stage: Stage, rate: int) -> None:
    assert (await _refused(stage.browser(), make, await somebody(stage), per_minute=rate)).field == "per_minute"


async def test_without_any_limit(tmp_path: Path) -> None:
    async with stage_at(tmp_path, tokens=Tokens(per_minute=None)) as stage:
        browser = stage.browser()
        text, _ = await browser.call(make, await somebody(stage))
        await browser.call(owner_of, text)
        assert not [key for key in stage.store._due if "token" in key]


async def test_when_the_store_fails(tmp_path: Path) -> None:
    async with stage_at(tmp_path) as stage:
        browser = stage.browser()
        text, _ = await browser.call(make, await somebody(stage))
        found = await browser.call(_with_a_broken_store, stage, text)
        assert isinstance(found, AccountError)
        assert (found.problem.status, found.retry_s) == (503, 5)
        assert "store.failed" in stage.events()
    async with stage_at(tmp_path, tokens=Tokens(on_store_failure="allow")) as stage:
        browser = stage.browser()
        text, _ = await browser.call(make, await somebody(stage))
        found = await browser.call(_with_a_broken_store, stage, text)
        assert not isinstance(found, AccountError)
        assert "store.failed" in stage.events()


async def _with_a_broken_store(visit: Visit, stage: Stage, text: str) -> object:
    with broken_store(stage):
        try:
            return await owner_of(visit, text)
        except AccountError as error:
            return error


async def test_listed_and_revoked(anywhere: Stage) -> None:
    browser, person, other = anywhere.browser(), await somebody(anywhere), await somebody(anywhere, "noor@mail.example")
    first, one = await browser.call(make, person, "One")
    anywhere.clock.move(1)
    second, two = await browser.call(make, person, "Two")
    assert [row.name for row in await browser.call(personal.listed, person)] == ["Two", "One"]
    assert await browser.call(personal.listed, other) == []
    assert (await _refused(browser, revoke_personal, other, one.id)).problem.status == 404
    assert (await _refused(browser, revoke_personal, person, uuid4())).problem.status == 404
    await browser.call(revoke_personal, person, one.id)
    await _refused(browser, owner_of, first)
    await browser.call(owner_of, second)
    assert [row.id for row in await browser.call(personal.listed, person)] == [two.id]
    assert "account.token_ended" in anywhere.events()


async def test_a_new_password_leaves_them_and_a_compromise_does_not(stage: Stage) -> None:
    browser, person = stage.browser(), await somebody(stage)
    text, _ = await browser.call(make, person)
    await browser.call(end, person)
    await browser.call(owner_of, text)
    assert "tokens_ended" not in await stage.log()
    await browser.call(end, person, personal=True)
    await _refused(browser, owner_of, text)
    assert "tokens_ended" in await stage.log()


async def test_a_hundred_at_once_against_the_cap(anywhere: Stage) -> None:
    """CVE-2024-1722: parallel creations went over a limit that was counted before it was written."""
    person = await somebody(anywhere)
    browser = anywhere.browser()
    for number in range(45):
        await browser.call(make, person, f"Token {number}")
    ends = await asyncio.gather(*(browser.call(make, person) for _ in range(20)), return_exceptions=True)
    refused = [item for item in ends if isinstance(item, AccountError)]
    assert len(refused) == 15, ends
    assert {item.problem.code for item in refused} == {"account.tokens_many"}
    async with anywhere.accounts.database() as db:
        assert await db.scalar(select(func.count()).select_from(PersonalToken)) == 50
