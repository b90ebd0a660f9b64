"""The page of what happened: the security log, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import Response

from buckler.accounts import activity
from buckler.frameworks.fastapi.accounts.depends import OwnerDep
from buckler.frameworks.fastapi.accounts.pages.page import PageDep
from buckler.frameworks.fastapi.accounts.pages.security.words import happened

if TYPE_CHECKING:
    from fastapi import APIRouter

    from buckler.accounts.accounts import Accounts


def add(router: APIRouter, accounts: Accounts) -> None:
    """Add the route of this file."""
    router.get(f"{accounts.paths.security}/activity")(show)


async def show(page: PageDep, person: OwnerDep) -> Response:
    """The newest lines."""
    lines = await activity.recent(page.visit, person)
    return page.show("security_activity", items=[(line, happened(page, line.kind, line.detail)) for line in lines])
