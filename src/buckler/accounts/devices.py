"""Where somebody is signed in: a list that its owner can read and shorten.

A row names a session by its handle, which lets nobody in; the session keeps the row's id. The row counts: a session whose row is gone ends
at its next look (`follow`), so that ending a device holds even when its session took a new id at the same moment. A row whose session is
gone is left out of the list and removed.

The order of things for a change of privilege: the session gets its new id, then `follow` writes it into the row, then the visit is
committed. Sessions end at once in the store; rows go with the commit.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import delete, select

from buckler.accounts import agents, known, tickets
from buckler.accounts.problems import AccountError, Problem
from buckler.accounts.tables import Device, Entry, Person

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from buckler.accounts.visit import Visit

GONE = Problem("account.device_gone", 404, "This device is not signed in.", "Look at the list again: it has changed.")

ROW = "account.device"  # the session's value: the id of its row
_ARRIVED = "signed_in"  # the line of the security log that every sign-in leaves
_KNOWN_DAYS = 90  # after which a browser on a network is new again, unless its cookie tells otherwise
_MOST_READ = 500  # lines of the log: who signs in more often than that in 90 days gets a letter more
_FIRST_S = 3600.0  # the device on which an account was made an hour ago is not new
_SEEN_S = 60.0
_SETTLING_S = 60.0  # a row may be written a moment before its session: younger ones are not removed
_IPV4_BITS, _IPV6_BITS = 24, 48  # what one household or office keeps when its address changes


class Shown(NamedTuple):
    """A device, as its owner sees it. `how`: what was shown at sign-in. `current`: the one that asks."""

    id: UUID
    agent: str
    address: str
    how: list[str]
    created_at: datetime
    seen_at: datetime
    current: bool


async def arrived(visit: Visit, person: Person, how: list[str]) -> None:
    """Write down that `person` has just signed in here; to be called right after `session.sign_in`. With `max_sessions`, the oldest
    others make room. A letter says so when neither the browser nor its network is known. Raises `StoreError`. The caller commits."""
    await visit.db.execute(select(Person.id).where(Person.id == person.id).with_for_update(key_share=True))  # one arrival after another
    if await _is_new(visit, person):
        _tell(visit, person)
    await left(visit)
    await _write(visit, person.id, how)
    if visit.accounts.max_sessions is not None:
        await _make_room(visit, person, visit.accounts.max_sessions)


async def follow(visit: Visit) -> None:
    """Write the session's id into its row, after the session has got a new one; end a session whose row is gone. The caller commits."""
    await _follow(visit)


async def seen(visit: Visit) -> None:
    """The same, and write down that the device was seen, at most once a minute. Commits when it wrote something: call it before anything
    else in a request."""
    row = await _follow(visit)
    if row is None:
        return
    if (visit.now - row.seen_at).total_seconds() >= _SEEN_S:
        row.seen_at = visit.now
    if visit.db.is_modified(row):
        await visit.db.commit()


async def left(visit: Visit) -> None:
    """Remove the row of this browser's own session, which is about to end. The caller commits."""
    await visit.db.execute(delete(Device).where(Device.id == _own_id(visit)))


async def listed(visit: Visit, person: Person) -> list[Shown]:
    """Return the devices on which `person` is signed in: this one first, then the ones seen last. Raises `StoreError`. The caller
    commits, if those that are gone are to be removed from the table as well."""
    own = await _follow(visit)
    rows = await _rows(visit, person)
    alive = await _alive(visit, rows)
    gone = [row.id for row in rows if row.id not in alive and not _is_settling(visit, row)]
    if gone:
        await visit.db.execute(delete(Device).where(Device.id.in_(gone)))
    shown = [
        Shown(row.id, agents.label(row.agent), row.address, row.how, row.created_at, row.seen_at, row is own)
        for row in rows
        if row.id in alive or row is own
    ]
    return sorted(shown, key=lambda item: (item.current, item.seen_at), reverse=True)


async def revoke(visit: Visit, person: Person, device_id: UUID) -> None:
    """End one device of `person`; this one too. Raises `AccountError` 404 for one that is not theirs, and `StoreError`. The caller
    commits."""
    row = await visit.db.scalar(select(Device).where(Device.id == device_id, Device.person_id == person.id))
    if row is None:
        raise AccountError(GONE)
    own = _own_id(visit) == row.id
    await _end(visit, [row])
    if not own:
        await tickets.end_all(visit, person.id)  # a link to another address that this device may have asked for
    visit.record("device_ended", person, agents.label(row.agent))
    if own:
        visit.session.sign_out()


async def revoke_others(visit: Visit, person: Person) -> None:
    """End every device of the person who is signed in here but this one, also those that no row tells of. The caller commits."""
    await forget_others(visit, person)
    visit.session.revoke_others()
    await _follow(visit)
    visit.record("other_devices_ended", person)


async def forget_others(visit: Visit, person: Person) -> None:
    """End every session of `person`, and remove the rows of every device but this one, with the links that one of them may have asked
    for: who stays goes on by `session.revoke_others`. Raises `StoreError`. The caller commits.

    Sessions end now, before the commit, and not with the answer: a store that fails in between would leave a thief in, who was put out.
    """
    await visit.sessions.revoke_all(str(person.id))
    await tickets.end_all(visit, person.id)
    await visit.db.execute(delete(Device).where(Device.person_id == person.id, Device.id != _own_id(visit)))


async def end_all(visit: Visit, person: Person) -> None:
    """End every device of `person`, at once and in the store of all workers (GHSA-2vg6-77g8-24mp); this one too, if it is theirs. Raises
    `StoreError`. The caller commits."""
    await visit.sessions.revoke_all(str(person.id))
    await tickets.end_all(visit, person.id)
    await visit.db.execute(delete(Device).where(Device.person_id == person.id))
    if visit.session.person == str(person.id):
        visit.session.sign_out()


async def was_ended(visit: Visit, person_id: UUID) -> bool:
    """Whether this device was signed in as the person when the request began, and was ended since."""
    if visit.request.session is None or visit.session.person != str(person_id):
        return False
    own_id = _own_id(visit)
    return own_id is not None and await visit.db.scalar(select(Device.id).where(Device.id == own_id)) is None


# ---- rows


def _own_id(visit: Visit) -> UUID | None:
    kept = visit.session.get(ROW)
    return UUID(kept) if isinstance(kept, str) else None


async def _write(visit: Visit, person_id: UUID, how: list[str]) -> None:
    now = visit.now
    row = Device(
        id=uuid4(),
        person_id=person_id,
        handle=visit.session.handle,
        how=how,
        address=visit.client,
        agent=visit.agent,
        created_at=now,
        seen_at=now,
    )
    visit.db.add(row)
    await visit.db.flush()
    visit.session[ROW] = str(row.id)


async def _follow(visit: Visit) -> Device | None:
    own_id, person = _own_id(visit), visit.session.person
    if own_id is None or person is None:
        return None
    row = await visit.db.scalar(select(Device).where(Device.id == own_id, Device.person_id == UUID(person)))
    if row is None:
        await visit.sessions.revoke(visit.session.handle)  # now, since a request that is then refused saves nothing of its session
        visit.session.sign_out()
    elif row.handle != visit.session.handle:
        row.handle, row.seen_at = visit.session.handle, visit.now
    return row


async def _rows(visit: Visit, person: Person) -> Sequence[Device]:
    return (await visit.db.scalars(select(Device).where(Device.person_id == person.id).order_by(Device.created_at, Device.id))).all()


async def _alive(visit: Visit, rows: Sequence[Device]) -> set[UUID]:
    if not rows:
        return set()
    answers = await visit.sessions.alive([row.handle for row in rows])
    return {row.id for row, alive in zip(rows, answers, strict=True) if alive}


def _is_settling(visit: Visit, row: Device) -> bool:
    return (visit.now - row.seen_at).total_seconds() < _SETTLING_S


async def _end(visit: Visit, rows: Iterable[Device]) -> None:
    """First the sessions: should the database fail afterwards, what is left is a row that nobody is shown."""
    for row in rows:
        await visit.sessions.revoke(row.handle)
        await visit.db.delete(row)
    await visit.db.flush()


async def _make_room(visit: Visit, person: Person, most: int) -> None:
    own = _own_id(visit)
    others = [row for row in await _rows(visit, person) if row.id != own]
    if len(others) < most:
        return
    alive = await _alive(visit, others)
    living = [row for row in others if row.id in alive or _is_settling(visit, row)]
    ended = living[: max(0, len(living) + 1 - most)]
    await _end(visit, ended)
    for row in ended:
        visit.record("device_made_room", person, agents.label(row.agent))


# ---- is it new?


async def _is_new(visit: Visit, person: Person) -> bool:
    if known.entry(visit, known.account(person.email)):
        return False
    since = visit.now - timedelta(days=_KNOWN_DAYS)
    entries = select(Entry.agent, Entry.address).where(Entry.person_id == person.id, Entry.kind == _ARRIVED, Entry.at >= since)
    arrivals = (await visit.db.execute(entries.order_by(Entry.at.desc()).limit(_MOST_READ))).all()
    if not arrivals:
        return (visit.now - person.created_at).total_seconds() > _FIRST_S
    here = (agents.label(visit.agent), network(visit.client))
    return not here[1] or here not in {(agents.label(agent), network(address)) for agent, address in arrivals}


def network(address: str) -> str:
    """Return what an address of a household or an office has in common with its next one: IPv4 /24, IPv6 /48; "" when there is none."""
    try:
        found = ip_network(address, strict=False)
    except ValueError:
        return ""
    return str(found.supernet(new_prefix=min(found.prefixlen, _IPV4_BITS if found.version == 4 else _IPV6_BITS)))


def _tell(visit: Visit, person: Person) -> None:
    visit.post(
        "new_device",
        person,
        agent=agents.label(visit.agent),
        address=visit.client,
        when=visit.now.isoformat(timespec="minutes"),
        link=visit.link(visit.accounts.paths.security),
    )
    visit.record("new_device", person, agents.label(visit.agent))
