"""Letters about tokens: what, when, from where, and the page on which it can be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from buckler.accounts.tables import Person
    from buckler.accounts.visit import Visit


def tell(visit: Visit, kind: str, person: Person, **values: str) -> None:
    """Tell `person`, with the commit."""
    when, link = visit.now.isoformat(timespec="minutes"), visit.link(visit.accounts.paths.security)
    visit.post(kind, person, when=when, address=visit.client, agent=visit.agent, link=link, **values)
