"""The first page of the settings: each part with its state in words, and the way to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import Response

from buckler.accounts import activity, browsers, devices, factors, totp
from buckler.accounts.providers import links
from buckler.accounts.tokens import personal, refresh
from buckler.frameworks.fastapi.accounts.depends import OwnerDep
from buckler.frameworks.fastapi.accounts.pages.page import PageDep
from buckler.frameworks.fastapi.accounts.pages.security.words import happened

if TYPE_CHECKING:
    from fastapi import APIRouter

    from buckler.accounts.accounts import Accounts
    from buckler.accounts.tables import Person
    from buckler.accounts.visit import Visit


def add(router: APIRouter, accounts: Accounts) -> None:
    """Add the route of this file."""
    router.get(accounts.paths.security)(show)


async def show(page: PageDep, person: OwnerDep) -> Response:
    """The page."""
    newest = next(iter(await activity.recent(page.visit, person)), None)
    last = happened(page, newest.kind, newest.detail) if newest else ""
    return page.show("security", person=person, newest=newest, last=last, **await _state(page.visit, person))


async def _state(visit: Visit, person: Person) -> dict[str, Any]:
    """How many there are of everything."""
    found = {
        "owned": await factors.of(visit, person),
        "apps": len(await totp.listed(visit, person)),
        "linked": len(await links.listed(visit, person)),
        "devices": len(await devices.listed(visit, person)),
        "trusted": len(await browsers.listed(visit, person)),
        "tokens": len(await personal.listed(visit, person)),
        "programs": len(await refresh.listed(visit, person)),
    }
    await visit.commit()  # rows of sessions that are gone go too
    return found
