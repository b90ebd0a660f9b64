"""People on a stage, signed in as by a password a moment ago."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from buckler.accounts import people, signin
from buckler.accounts.problems import AccountError
from buckler.accounts.tables import Person
from tests.accounts.stage import EMAIL

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from buckler.accounts.problems import Problem
    from buckler.accounts.visit import Visit
    from tests.accounts.stage import Browser, Stage

MIRA = EMAIL
NOOR = "noor@mail.example"
SOMEBODY = UUID(int=7)
KEPT = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$AAAA"  # a hash that nobody verifies here


async def enter(browser: Browser, email: str = MIRA, *, password: bool = True, verified: bool = True) -> UUID:
    """Make a person, and sign them in in this browser. Returns their id."""

    async def act(visit: Visit) -> UUID:
        now = visit.now
        person = Person(email=email, email_key=email, password_hash=KEPT if password else None, created_at=now)
        person.email_verified_at = now if verified else None
        visit.db.add(person)
        await visit.db.flush()
        await signin.arrive(visit, person, ["password"])
        return person.id

    return await browser.do(act)


async def return_to(browser: Browser, email: str = MIRA) -> None:
    """Sign somebody in who is there already: freshly, and a second after whatever has ended all sessions."""
    browser.stage.clock.move(1)

    async def act(visit: Visit) -> None:
        person = await people.by_email(visit, email)
        assert person is not None
        await signin.arrive(visit, person, ["password"])

    await browser.do(act)


async def of(browser: Browser, flow: Callable[..., Awaitable[Any]], email: str, *given: Any, **named: Any) -> Any:
    """Run `flow(visit, person, *given)` for somebody who need not be signed in, and commit."""

    async def act(visit: Visit) -> Any:
        person = await people.by_email(visit, email)
        assert person is not None
        found = await flow(visit, person, *given, **named)
        await visit.commit()
        return found

    return await browser.do(act)


async def change(stage: Stage, email: str, **values: Any) -> Person:
    """Set columns of a person, as nobody may from outside."""
    async with stage.accounts.database() as db:
        person = await db.get_one(type(await stage.person(email)), (await stage.person(email)).id)
        for name, value in values.items():
            setattr(person, name, value)
        await db.commit()
        return person


async def refused(problem: Problem, act: Awaitable[Any]) -> AccountError:
    """Wait for `act` to be refused because of `problem`."""
    with pytest.raises(AccountError) as caught:
        await act
    assert caught.value.problem is problem
    return caught.value
