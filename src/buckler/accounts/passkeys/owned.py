"""The keys that somebody has: shown, named, removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import delete, select, update

from buckler.accounts import factors, fresh
from buckler.accounts.hold import hold_in_any_state
from buckler.accounts.passkeys.adding import OTHERWISE
from buckler.accounts.problems import AccountError
from buckler.accounts.tables import Passkey

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from buckler.accounts.tables import Person
    from buckler.accounts.visit import Visit

_PLAIN = {"synchronize_session": False}


class Shown(NamedTuple):
    """One key. `signs_in`: a passkey; otherwise a security key that follows a password. `backed_up`: it is on more than one device."""

    id: UUID
    name: str
    signs_in: bool
    backed_up: bool
    created_at: datetime
    used_at: datetime | None


async def listed(visit: Visit, person: Person) -> list[Shown]:
    """Return the keys, the oldest first."""
    columns = (Passkey.id, Passkey.name, Passkey.signs_in, Passkey.backed_up, Passkey.created_at, Passkey.used_at)
    rows = await visit.db.execute(select(*columns).where(Passkey.person_id == person.id).order_by(Passkey.created_at, Passkey.id))
    return [Shown(*row) for row in rows]


async def rename(visit: Visit, person: Person, passkey_id: UUID, name: str) -> None:
    """Call it something else. Commits. Raises `AccountError` 404."""
    signs_in = await visit.db.scalar(select(Passkey.signs_in).where(Passkey.id == passkey_id, Passkey.person_id == person.id))
    if signs_in is None:
        raise AccountError(factors.GONE)
    title = factors.named(name, OTHERWISE[signs_in])
    await visit.db.execute(update(Passkey).where(Passkey.id == passkey_id).values(name=title), execution_options=_PLAIN)
    await visit.commit()


async def remove(visit: Visit, person: Person, passkey_id: UUID) -> None:
    """Remove a key. Commits. Raises `AccountError`: 403 unless the sign-in is fresh, 404, 409 when it is the last way in."""
    fresh.need(visit, person)
    await hold_in_any_state(visit, person.id)
    own = (Passkey.id == passkey_id, Passkey.person_id == person.id)
    signs_in = await visit.db.scalar(select(Passkey.signs_in).where(*own))
    if signs_in is None:
        raise AccountError(factors.GONE)
    if signs_in:
        await factors.may_remove(visit, person, "passkey")
    name = await visit.db.scalar(delete(Passkey).where(*own).returning(Passkey.name), execution_options=_PLAIN)
    visit.record("passkey_removed", person, name or "")
    await factors.removed(visit, person, "passkey" if signs_in else "security_key", name or "")
    await visit.commit()
