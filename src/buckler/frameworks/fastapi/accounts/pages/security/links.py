"""The pages of accounts at other providers that are connected with one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import Response

from buckler.accounts import factors
from buckler.accounts.problems import AccountError
from buckler.accounts.providers import links
from buckler.frameworks.fastapi.accounts.depends import OwnerDep
from buckler.frameworks.fastapi.accounts.pages.page import PageDep
from buckler.frameworks.fastapi.accounts.pages.security.things import Things
from buckler.frameworks.fastapi.accounts.pages.security.words import provider

if TYPE_CHECKING:
    from uuid import UUID

    from fastapi import APIRouter

    from buckler.accounts.accounts import Accounts
    from buckler.accounts.tables import Person
    from buckler.accounts.visit import Visit


async def _names(visit: Visit, person: Person) -> dict[UUID, str]:
    labels = {offered.name: offered.label for offered in visit.accounts.providers}
    return {link.id: labels.get(link.provider, link.provider) for link in await links.listed(visit, person)}


async def _remove(visit: Visit, person: Person, link_id: UUID) -> None:
    await links.remove(visit, person, link_id)
    await visit.commit()


_THINGS = Things("links", _names, lambda: AccountError(factors.GONE), _remove)


def add(router: APIRouter, accounts: Accounts) -> None:
    """Add the routes of this file."""
    router.get(f"{accounts.paths.security}/links")(show)
    _THINGS.add(router, accounts.paths.security)


async def show(page: PageDep, person: OwnerDep) -> Response:
    """Those that there are, and the buttons of the providers, from whose pages one comes back to here."""
    items = [(link, provider(page, link.provider)) for link in await links.listed(page.visit, person)]
    return page.show("security_links", items=items, next=f"{page.paths.security}/links")
