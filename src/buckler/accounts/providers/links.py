"""Accounts at other providers by which somebody may sign in here.

A link is found by provider and subject alone, never by e-mail address: an address can be claimed by whoever runs a provider, be given to
somebody else, or be waiting here for its true owner (GHSA-g38m-r43w-p2q7). A person who has the address signs in as always and then adds
the link, freshly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from buckler.accounts import browsers, devices, factors, fresh
from buckler.accounts.hold import hold
from buckler.accounts.problems import AccountError, Problem
from buckler.accounts.tables import Link, Person

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from buckler.accounts.providers.claimed import Claimed
    from buckler.accounts.visit import Visit

TAKEN = Problem("account.link_taken", 409, "That account is connected with another person here.", "Disconnect it there first.")
NOT_ASKED = Problem("account.link_not_asked", 403, "You did not ask to connect this account.", "Connect it under Security.")
MAX_LINKS = 20


async def owner(visit: Visit, claimed: Claimed) -> Person | None:
    """Return whose account this is, unless they are disabled, and note that it was used. The caller commits."""
    found = await visit.db.execute(
        select(Person, Link)
        .join(Link, Link.person_id == Person.id)
        .where(Link.provider == claimed.provider, Link.subject == claimed.subject, Person.disabled_at.is_(None))
    )
    row = found.first()
    if row is None:
        return None
    person, link = row
    link.used_at = visit.now
    return person


async def first(visit: Visit, person: Person, claimed: Claimed) -> Link:
    """Keep the link of somebody who has just been made of it, in this same transaction. Nobody is told: they are here. The caller
    commits. Raises `AccountError` 409."""
    return await _kept(visit, person, claimed)


async def add(visit: Visit, person: Person, claimed: Claimed) -> Link:
    """Connect an account with the person who is signed in here, freshly, and who asked for it (`why` is `link`). The caller commits.

    Raises `AccountError`: 403 when it is not fresh, 409 when somebody else has it. They are told by mail, and other sessions end.
    """
    if claimed.why != "link" or visit.session.person != str(person.id):
        raise AccountError(NOT_ASKED)
    factors.may_add(visit, person)
    await hold(visit, person.id)
    if len(await listed(visit, person)) >= MAX_LINKS:
        raise AccountError(factors.TOO_MANY, most=MAX_LINKS)
    link = await _kept(visit, person, claimed)
    visit.record("link_added", person, claimed.provider)
    await _changed(visit, person, "link_added", link)
    return link


async def listed(visit: Visit, person: Person) -> Sequence[Link]:
    """Return the person's links, the oldest first."""
    return (await visit.db.scalars(select(Link).where(Link.person_id == person.id).order_by(Link.created_at, Link.id))).all()


async def remove(visit: Visit, person: Person, link_id: UUID) -> None:
    """Disconnect an account, freshly. The caller commits. Raises `AccountError`: 403, 404, and 409 when it is the last way to sign in."""
    fresh.need(visit, person)
    await factors.may_remove(visit, person, "link")
    gone = await visit.db.execute(delete(Link).where(Link.id == link_id, Link.person_id == person.id).returning(Link))
    link = gone.scalar_one_or_none()
    if link is None:
        raise AccountError(factors.GONE)
    visit.record("link_removed", person, link.provider)
    await _changed(visit, person, "link_removed", link)


async def _kept(visit: Visit, person: Person, claimed: Claimed) -> Link:
    """Write the row. Of two people who connect the same account at once, one wins; who has it already, has it."""
    there = await visit.db.scalar(select(Link).where(Link.provider == claimed.provider, Link.subject == claimed.subject))
    link = there or Link(provider=claimed.provider, subject=claimed.subject, email=claimed.email, created_at=visit.now, person_id=person.id)
    if link.person_id != person.id:
        raise AccountError(TAKEN)
    visit.db.add(link)
    try:
        await visit.db.flush()
    except IntegrityError:
        await visit.db.rollback()
        raise AccountError(TAKEN) from None
    return link


async def _changed(visit: Visit, person: Person, letter: str, link: Link) -> None:
    """Tell the person, and end what was let in before: other sessions, trusted browsers."""
    provider = visit.accounts.provider(link.provider)
    label = provider.label if provider is not None else link.provider
    visit.post(letter, person, provider=label, **factors.circumstances(visit))
    await browsers.forget_all(visit, person)
    await devices.forget_others(visit, person)
    visit.session.revoke_others()
    await devices.follow(visit)
