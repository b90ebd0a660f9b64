"""Trusted browsers: a browser in which the second factor was shown is not asked for it again, for thirty days or until it is forgotten.

The cookie holds 256 random bits, the row their hash together with the person's id. Trusting always makes new bits: were those of an
earlier person used again, whoever read them out of a shared browser would know the next one's. Trust spares the second factor and
nothing else: the password is asked for, and a sign-in by trust is not fresh.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import delete, select, update

from buckler.accounts.problems import AccountError, Problem
from buckler.accounts.tables import Browser

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from buckler.accounts.tables import Person
    from buckler.accounts.visit import Visit

GONE = Problem("account.browser_gone", 404, "This browser is not trusted any more.", "Load the page again to see which ones are.")
COOKIE = "browser"
LIVES_S = 30 * 86400  # NIST SP 800-63B-4 section 2.1.3: at AAL1 a person proves anew at least every 30 days
_MOST = 20  # a person; the ones that were used longest ago make room
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


class Shown(NamedTuple):
    """One browser that is trusted. `agent` is what it calls itself; `current`: it is the one that asks."""

    id: UUID
    agent: str
    created_at: datetime
    used_at: datetime
    expires_at: datetime
    current: bool


async def trust(visit: Visit, person: Person) -> None:
    """Ask this browser for no second factor of `person` any more. The caller commits, and has just seen the second factor."""
    token = secrets.token_urlsafe(32)
    await visit.db.execute(delete(Browser).where(Browser.person_id == person.id, Browser.expires_at <= visit.now))
    newest = select(Browser.id).where(Browser.person_id == person.id).order_by(Browser.used_at.desc()).limit(_MOST - 1)
    await visit.db.execute(delete(Browser).where(Browser.person_id == person.id, Browser.id.not_in(newest.scalar_subquery())))
    expires_at = visit.now + timedelta(seconds=LIVES_S)
    digest = _digest(person, token)
    visit.db.add(
        Browser(person_id=person.id, digest=digest, agent=visit.agent, created_at=visit.now, used_at=visit.now, expires_at=expires_at)
    )
    await visit.db.flush()
    visit.set_cookie(COOKIE, token, LIVES_S)
    visit.record("browser_trusted", person)


async def trusted(visit: Visit, person: Person) -> bool:
    """Whether `person` has trusted this browser, and has not forgotten it since. The caller commits that it was used."""
    digest = _presented(visit, person)
    if digest is None:
        return False
    found = await visit.db.execute(
        update(Browser)
        .where(Browser.digest == digest, Browser.person_id == person.id, Browser.expires_at > visit.now)
        .values(used_at=visit.now)
        .returning(Browser.id)
    )
    return found.first() is not None


async def listed(visit: Visit, person: Person) -> list[Shown]:
    """Return the trusted browsers, the one used last first."""
    digest = _presented(visit, person)
    rows = await visit.db.execute(
        select(Browser.id, Browser.agent, Browser.created_at, Browser.used_at, Browser.expires_at, Browser.digest)
        .where(Browser.person_id == person.id, Browser.expires_at > visit.now)
        .order_by(Browser.used_at.desc(), Browser.id)
    )
    return [Shown(*row[:5], current=row[5] == digest) for row in rows]


async def forget(visit: Visit, person: Person, browser_id: UUID) -> None:
    """Trust one browser no more. Commits. Raises `AccountError` 404."""
    gone = await visit.db.execute(delete(Browser).where(Browser.id == browser_id, Browser.person_id == person.id).returning(Browser.id))
    if gone.first() is None:
        raise AccountError(GONE)
    visit.record("browser_forgotten", person)
    await visit.commit()


async def forget_all(visit: Visit, person: Person) -> None:
    """Trust no browser of `person` any more. The caller commits."""
    gone = await visit.db.execute(delete(Browser).where(Browser.person_id == person.id).returning(Browser.id))
    if gone.all():
        visit.record("browsers_forgotten", person)


def _presented(visit: Visit, person: Person) -> bytes | None:
    token = visit.cookie(COOKIE)
    return _digest(person, token) if _TOKEN.fullmatch(token) else None


def _digest(person: Person, token: str) -> bytes:
    """Bound to the person: a row that somebody moved to another person trusts nobody."""
    return hashlib.sha256(person.id.bytes + token.encode()).digest()
