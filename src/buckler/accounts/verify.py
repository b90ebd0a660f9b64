"""Confirming the address of an account that the application made itself, without the link that sign-up sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.accounts import people, throttle, tickets
from buckler.accounts.problems import AccountError, Problem
from buckler.accounts.tickets import GONE

if TYPE_CHECKING:
    from buckler.accounts.tables import Person
    from buckler.accounts.visit import Visit

PASSWORD_WRONG = Problem(
    "account.password_wrong", 401, "The password is wrong.", "It is the one that the account was made with. If it was not you, do nothing."
)
PURPOSE = "verify"
LIVES_S = 24 * 3600.0


async def begin(visit: Visit, person: Person) -> None:
    """Send a link to the person's address. The caller commits, and has counted the attempt."""
    token = await tickets.issue(visit, PURPOSE, LIVES_S, person.id)
    visit.post("verify", person, link=visit.link(f"{visit.accounts.paths.verify_address}?token={token}"))


async def finish(visit: Visit, token: str, password: str = "") -> None:
    """Confirm the address that the link was sent to. It signs nobody in. Raises `AccountError`: 410, and 401 for a wrong password.

    Who has a password shows it: the owner of a mailbox must not be talked into confirming an account that somebody else has set up with
    their address, and knows the password of.
    """
    person_id, _ = await tickets.look(visit, PURPOSE, token)
    person = await people.by_id(visit, person_id) if person_id else None
    if person is None:
        raise AccountError(GONE)
    if person.password_hash is not None:
        await throttle.admit(visit, "page", person.email)
        if not await visit.accounts.hasher.verify(person.password_hash, password):
            raise AccountError(PASSWORD_WRONG, "password")
    await tickets.redeem(visit, PURPOSE, token)
    person.email_verified_at = visit.now
    visit.record("email_verified", person)
    await visit.commit()
