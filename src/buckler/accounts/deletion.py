"""The end of an account: rows, sessions, tokens, in every place where there are any (GHSA-2vg6-77g8-24mp)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from buckler.accounts import fresh, tokens
from buckler.accounts.hold import hold
from buckler.accounts.tables import METADATA, Family, Person, RefreshToken

if TYPE_CHECKING:
    from buckler.accounts.visit import Visit


async def finish(visit: Visit, person: Person) -> None:
    """Delete the account of the person who is signed in here, freshly. Raises `AccountError`."""
    fresh.need(visit, person)
    await hold(visit, person.id)
    await erase(visit, person)
    visit.session.sign_out()
    await visit.commit()


async def erase(visit: Visit, person: Person) -> None:
    """Delete an account: also for an administrator's tool. The caller commits.

    Sessions and access tokens end first: should the database fail afterwards, the person signs in again and nothing is lost; the other
    way round, somebody without an account would go on. Tokens before sessions, since that holds the person: whoever signs in from then on
    waits, and finds nobody.
    """
    await tokens.end_all(visit, person, personal=True)
    await visit.sessions.revoke_all(str(person.id))
    await visit.accounts.profile.delete(visit, person)
    families = select(Family.id).where(Family.person_id == person.id)
    await visit.db.execute(delete(RefreshToken).where(RefreshToken.family_id.in_(families)))
    for table in METADATA.tables.values():  # foreign keys do the same, where the database is told to honour them
        if "person_id" in table.c and table.name.startswith("account_"):
            await visit.db.execute(delete(table).where(table.c.person_id == person.id))
    visit.post("deleted", person, when=visit.now.isoformat(timespec="minutes"))
    visit.record("deleted", detail=str(person.id))
    await visit.db.execute(delete(Person).where(Person.id == person.id))
