"""A forgotten password: a link by mail, and with it a new one.

The answer is the same for every address, and so is the work: one ticket and one letter, to somebody without an account as well. A new
password does not sign in, and does not take the place of a second factor: signing in is what comes next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.accounts import known, people, throttle, tickets, tokens
from buckler.accounts import password as passwords
from buckler.accounts.addresses import address
from buckler.accounts.problems import AccountError
from buckler.accounts.tickets import GONE

if TYPE_CHECKING:
    from buckler.accounts.tables import Person
    from buckler.accounts.visit import Visit

PURPOSE = "reset"
LIVES_S = 3600.0
_NOBODYS = "reset.nobody"


async def begin(visit: Visit, email: str, *, language: str = "en") -> None:
    """Send a link to `email`. Raises `AccountError` for what is no address, and after too many tries."""
    await throttle.admit(visit, "reset", email)
    email = address(email)
    person = await people.by_email(visit, email)
    if person is None or person.disabled_at is not None:
        await tickets.issue(visit, _NOBODYS, LIVES_S)
        visit.post_to("reset_unknown", email, language, link=visit.link(visit.accounts.paths.sign_up))
    else:
        token = await tickets.issue(visit, PURPOSE, LIVES_S, person.id)
        visit.post("reset", person, link=visit.link(f"{visit.accounts.paths.reset_new}?token={token}"))
    visit.record("reset_asked")
    await visit.commit()


async def opened(visit: Visit, token: str) -> Person:
    """Return whose password may be chosen anew, and use nothing up. Raises `AccountError` 410."""
    person_id, _ = await tickets.look(visit, PURPOSE, token)
    person = await people.by_id(visit, person_id) if person_id else None
    if person is None:
        raise AccountError(GONE)
    return person


async def finish(visit: Visit, token: str, password: str) -> None:
    """Set the new password and end everything that the old one had let in. Raises `AccountError`; the link then still works, unless it
    was the link that was wrong."""
    person = await opened(visit, token)
    hashed = await passwords.judged(visit, person, password)
    await tickets.redeem(visit, PURPOSE, token)
    if person.email_verified_at is None:
        person.email_verified_at = visit.now  # the link came by mail
        await tokens.end_all(visit, person, personal=True)  # made by who knows whom: the owner of the mailbox comes only now
    await passwords.replace(visit, person, hashed)
    await visit.sessions.revoke_all(str(person.id))
    visit.session.sign_out()
    known.remember(visit, person.email)  # whoever reads the mailbox comes in past strangers who use up the quota of guesses
    visit.record("password_reset", person)
    await visit.commit()
