"""A person without the ways in that other tests are about, and acts that commit as a route does."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from buckler.accounts import password
from buckler.accounts.tables import Person
from buckler.accounts.tokens import Pair, end_all, personal, refresh
from buckler.errors import StoreError
from tests.accounts.stage import EMAIL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from uuid import UUID

    from buckler.accounts.tables import PersonalToken
    from buckler.accounts.visit import Visit
    from buckler.core.store import Op, Reply
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


def holding(folder: Path, *secrets: bytes) -> list[Path]:
    """The files of a database in which one of the secrets can be read."""
    return [file for file in folder.iterdir() if any(secret in file.read_bytes() for secret in secrets)]


@contextmanager
def broken_store(stage: Stage) -> Iterator[None]:
    """A store that fails whatever has to do with tokens, and still answers the guard."""
    whole = stage.store.batch

    async def broken(ops: list[Op]) -> list[Reply]:
        if any(op.key.startswith("token.") for op in ops):
            raise StoreError("down")
        return await whole(ops)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage.store, "batch", broken)
        yield


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


async def replaced(visit: Visit, person: Person, keep: UUID) -> None:
    """A new password, by the program of the family `keep`."""
    await password.replace(visit, person, "not a hash", keep=keep)
    await visit.commit()


async def end(visit: Visit, person: Person, *, personal: bool = False) -> None:
    await end_all(visit, person, personal=personal)
    await visit.commit()
