"""What happened to an account, as its owner may read it: the security log."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select

from buckler.accounts import agents
from buckler.accounts.tables import Entry

if TYPE_CHECKING:
    from datetime import datetime

    from buckler.accounts.tables import Person
    from buckler.accounts.visit import Visit

_SHOWN = 50


class Line(NamedTuple):
    """`kind` is that of the event, without `account.`; `browser` says "Firefox on Linux"."""

    kind: str
    at: datetime
    address: str
    browser: str
    detail: str


async def recent(visit: Visit, person: Person) -> list[Line]:
    """Return the newest fifty lines, the newest first."""
    rows = await visit.db.scalars(select(Entry).where(Entry.person_id == person.id).order_by(Entry.at.desc(), Entry.id).limit(_SHOWN))
    return [Line(row.kind, row.at, row.address, agents.label(row.agent), row.detail) for row in rows]
