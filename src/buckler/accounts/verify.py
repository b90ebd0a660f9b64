"""Confirming the address of an account that the application made itself, without the link that sign-up sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.accounts import people, tickets
from buckler.accounts.problems import AccountError
from buckler.accounts.tickets import GONE

if TYPE_CHECKING:
    from buckler.accounts.tables import Person
    from buckler.accounts.visit import Visit

PURPOSE = "verify"
LIVES_S = 24 * 3600.0


async def begin(visit: Visit, person: Person) -> None:
    """Send a link to the person's address. The caller commits, and has counted the attempt."""
    token = await tickets.issue(visit, PURPOSE, LIVES_S, person.id)
    visit.post("verify", person, link=visit.link(f"{visit.accounts.paths.verify_address}?token={token}"))


async def finish(visit: Visit, token: str) -> None:
    """Confirm the address that the link was sent to. It signs nobody in. Raises `AccountError` 410."""
    person_id, _ = await tickets.redeem(visit, PURPOSE, token)
    person = await people.by_id(visit, person_id) if person_id else None
    if person is None:
        raise AccountError(GONE)
    person.email_verified_at = visit.now
    visit.record("email_verified", person)
    await visit.commit()
