"""A person without the ways in that other tests are about, and acts that commit as a route does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from buckler.accounts.tables import Person
from buckler.accounts.tokens import Pair, end_all, personal, refresh
from tests.accounts.stage import EMAIL

if TYPE_CHECKING:
    from uuid import UUID

    from buckler.accounts.tables import PersonalToken
    from buckler.accounts.visit import Visit
    from tests.accounts.stage import Stage


async def somebody(stage: Stage, email: str = EMAIL) -> Person:
    async with stage.accounts.database() as db:
        person = Person(email=email, email_key=email, language="en", created_at=_now(stage))
        db.add(person)
        await db.commit()
        return person


def _now(stage: Stage) -> datetime:
    return datetime.fromtimestamp(stage.clock.now(), UTC)


async def disabled(stage: Stage, person: Person) -> None:
    async with stage.accounts.database() as db:
        row = await db.get_one(Person, person.id)
        row.disabled_at = _now(stage)
        await db.commit()


async def deleted(stage: Stage, person: Person) -> None:
    async with stage.accounts.database() as db:
        await db.delete(await db.get_one(Person, person.id))
        await db.commit()


async def make(visit: Visit, person: Person, name: str = "Backup", scopes: tuple[str, ...] = (), **more: Any) -> tuple[str, PersonalToken]:
    found = await personal.make(visit, person, name, scopes, **more)
    await visit.commit()
    return found


async def start(visit: Visit, person: Person, name: str = "Phone", scopes: tuple[str, ...] | None = None) -> Pair:
    pair = await refresh.start(visit, person, name, scopes)
    await visit.commit()
    return pair


async def revoke(visit: Visit, person: Person, family_id: UUID) -> None:
    await refresh.revoke(visit, person, family_id)
    await visit.commit()


async def revoke_personal(visit: Visit, person: Person, token_id: UUID) -> None:
    await personal.revoke(visit, person, token_id)
    await visit.commit()


async def end(visit: Visit, person: Person, *, personal: bool = False) -> None:
    await end_all(visit, person, personal=personal)
    await visit.commit()
