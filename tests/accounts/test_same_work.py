"""What a stranger can ask about an address costs the same for every address, counted and not timed; and nobody who waits for a hash
holds a connection to the database, or a flood of sign-ins would be a flood of every page."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, update

from buckler.accounts import people, reset, signin, signup
from buckler.accounts.problems import AccountError
from buckler.accounts.tables import Person
from tests.accounts.flows import signed_up
from tests.accounts.stage import EMAIL, OTHER, PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.accounts.stage import Stage

STRANGER = "nobody@mail.example"
FLOWS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "sign in": (signin.with_password, (OTHER,)),
    "reset": (reset.begin, ()),
    "sign up": (signup.begin, (OTHER,)),
}


@contextmanager
def _watched(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Write down every statement, by its first words, and every hash with the connections that are held meanwhile."""
    seen: list[str] = []
    hasher = stage.accounts.hasher
    work = hasher._work

    async def told(do: Any, *given: Any, **named: Any) -> Any:
        seen.append(f"hash with {stage.engine.pool.checkedout()} connections")  # type: ignore[attr-defined]  # of the pools that count
        return await work(do, *given, **named)

    def statement(_connection: Any, _cursor: Any, text: str, *_: object) -> None:
        seen.append(" ".join(text.split()[:1] + [word for word in text.split() if word.startswith("account_")][:1]))

    monkeypatch.setattr(hasher, "_work", told)
    event.listen(stage.engine.sync_engine, "before_cursor_execute", statement)
    try:
        yield seen
    finally:
        event.remove(stage.engine.sync_engine, "before_cursor_execute", statement)
        monkeypatch.undo()


async def _asked(stage: Stage, monkeypatch: pytest.MonkeyPatch, flow: str, email: str, address: str) -> list[str]:
    act, given = FLOWS[flow]
    browser = stage.browser(address)
    with _watched(stage, monkeypatch) as seen, suppress(AccountError):
        await browser.call(act, email, *given)
    return list(seen)


@pytest.mark.parametrize("state", ["as it is", "unverified", "disabled"])
@pytest.mark.parametrize("flow", list(FLOWS))
async def test_the_same_statements_and_hashes_for_every_address(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, flow: str, state: str
) -> None:
    await signed_up(stage, stage.browser())
    await stage.letters()
    async with stage.accounts.database() as db:
        if state == "unverified":
            await db.execute(update(Person).values(email_verified_at=None))
        elif state == "disabled":
            await db.execute(update(Person).values(disabled_at=datetime.now(UTC)))
        await db.commit()
    known = await _asked(stage, monkeypatch, flow, EMAIL, "203.0.113.8")
    unknown = await _asked(stage, monkeypatch, flow, STRANGER, "203.0.113.9")
    assert known == unknown != []


@pytest.mark.parametrize("email", [EMAIL, STRANGER])
@pytest.mark.parametrize("flow", ["sign in", "sign up"])
async def test_who_waits_for_a_hash_holds_no_connection(stage: Stage, monkeypatch: pytest.MonkeyPatch, flow: str, email: str) -> None:
    await signed_up(stage, stage.browser())
    seen = await _asked(stage, monkeypatch, flow, email, "203.0.113.8")
    assert [line for line in seen if "hash" in line] == ["hash with 0 connections"]


async def test_the_person_is_whole_after_the_hash(stage: Stage) -> None:
    await signed_up(stage, stage.browser())
    browser = stage.browser()
    await browser.call(signin.with_password, EMAIL, PASSWORD)
    assert await browser.do(people.of_session) is not None
