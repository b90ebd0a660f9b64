"""Finding people."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select

from buckler.accounts import tokens
from buckler.accounts.addresses import email_key
from buckler.accounts.tables import Person

if TYPE_CHECKING:
    from buckler.accounts.visit import Visit


async def by_email(visit: Visit, email: str) -> Person | None:
    """Return who has this address, in whatever spelling; one statement, also for nonsense."""
    return await visit.db.scalar(select(Person).where(Person.email_key == email_key(email)))


async def by_id(visit: Visit, person_id: UUID) -> Person | None:
    """Return the person, unless they are gone or disabled."""
    return await visit.db.scalar(select(Person).where(Person.id == person_id, Person.disabled_at.is_(None)))


async def of_session(visit: Visit) -> Person | None:
    """Return who is signed in in this browser. A session of somebody gone or disabled is nobody's."""
    name = visit.session.person
    if name is None:
        return None
    try:
        return await by_id(visit, UUID(name))
    except ValueError:  # a session from before accounts were used here
        return None


async def disable(visit: Visit, person: Person) -> None:
    """Keep a person out, from now on and everywhere, and keep what is theirs: for an administrator. The caller commits.

    Tokens first, since that holds the person: whoever signs in from then on waits, and finds them disabled; who came before has a session
    that ends now.
    """
    await tokens.end_all(visit, person)
    await visit.sessions.revoke_all(str(person.id))
    person.disabled_at = visit.now  # also stops personal tokens, which are looked up with their owner
    visit.record("disabled", person)


async def enable(visit: Visit, person: Person) -> None:
    """Let a person in again, by whatever they can still show. The caller commits."""
    person.disabled_at = None
    visit.record("enabled", person)
