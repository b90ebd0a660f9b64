"""One at a time for one person: what must be counted before it grows is counted while nobody else adds to it (CVE-2024-1722)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import update

from buckler.accounts.problems import AccountError, Problem
from buckler.accounts.tables import Person

if TYPE_CHECKING:
    from uuid import UUID

    from buckler.accounts.visit import Visit

PERSON_GONE = Problem("account.person_gone", 403, "This account is not in use.", "Ask somebody who runs this site.")


async def hold(visit: Visit, person_id: UUID) -> None:
    """Keep other visits that hold the same person from going on, until this one is committed or rolled back.

    Raises `AccountError` 403 when the person is gone or disabled: nothing new is made for them.
    """
    held = await _hold(visit, person_id)
    if held is None or held:
        raise AccountError(PERSON_GONE)


async def hold_in_any_state(visit: Visit, person_id: UUID) -> None:
    """The same for what ends things: nobody is too disabled for that."""
    await _hold(visit, person_id)


async def _hold(visit: Visit, person_id: UUID) -> bool | None:
    """Whether the person is disabled; None for nobody.

    An update that changes nothing, and not `SELECT … FOR UPDATE`: SQLite has no locks of rows, but lets one writer in at a time, and this
    makes the visit a writer before it reads what it will count.
    """
    same = update(Person).where(Person.id == person_id).values(language=Person.language).returning(Person.disabled_at)
    row = (await visit.db.execute(same.execution_options(synchronize_session=False))).first()
    return None if row is None else row[0] is not None
