"""One at a time for one person: what must be counted before it grows is counted while nobody else adds to it (CVE-2024-1722).

A request asks who it is when it begins, and a person may end its session while it is under way. What it makes would outlive that: so it
holds the person, and then looks once more whether its device is still signed in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import update

from buckler.accounts import devices
from buckler.accounts.fresh import NOT_FRESH
from buckler.accounts.problems import AccountError, Problem
from buckler.accounts.tables import Person

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Row

    from buckler.accounts.visit import Visit

PERSON_GONE = Problem("account.person_gone", 403, "This account is not in use.", "Ask somebody who runs this site.")


async def hold(visit: Visit, person_id: UUID) -> None:
    """Keep other visits that hold the same person from going on, until this one is committed or rolled back.

    Raises `AccountError` 403 when the person is gone or disabled, or has ended the device that asks: nothing new is made for them.
    """
    row = await _hold(visit, person_id)
    if row is None or row.disabled_at is not None:
        raise AccountError(PERSON_GONE)
    if await devices.was_ended(visit, person_id):
        raise AccountError(NOT_FRESH)


async def hold_as_read(visit: Visit, person: Person) -> bool:
    """The same, and whether the person is as `person` was read: not gone, not disabled, and with the same password. For who has just
    proved something against that row."""
    row = await _hold(visit, person.id)
    return row is not None and row.disabled_at is None and row.password_changed_at == person.password_changed_at


async def hold_in_any_state(visit: Visit, person_id: UUID) -> None:
    """The same for what ends things: nobody is too disabled for that."""
    await _hold(visit, person_id)


async def _hold(visit: Visit, person_id: UUID) -> Row[datetime | None, datetime | None] | None:
    """Return what the row says of being let in; None for nobody.

    An update that changes nothing, and not `SELECT … FOR UPDATE`: SQLite has no locks of rows, but lets one writer in at a time, and this
    makes the visit a writer before it reads what it will count.
    """
    same = update(Person).where(Person.id == person_id).values(language=Person.language)
    said = same.returning(Person.disabled_at, Person.password_changed_at)
    return (await visit.db.execute(said.execution_options(synchronize_session=False))).first()
