"""The page of trusted browsers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from fastapi import Response

from buckler.accounts import agents, browsers
from buckler.accounts.problems import AccountError
from buckler.frameworks.fastapi.accounts.depends import OwnerDep
from buckler.frameworks.fastapi.accounts.pages.form import Posted
from buckler.frameworks.fastapi.accounts.pages.page import Page, PageDep

if TYPE_CHECKING:
    from fastapi import APIRouter

    from buckler.accounts.accounts import Accounts
    from buckler.accounts.tables import Person


def add(router: APIRouter, accounts: Accounts) -> None:
    """Add the routes of this file."""
    path = f"{accounts.paths.security}/browsers"
    router.get(path)(show)
    router.post(f"{path}/{{browser_id:uuid}}/forget")(forget)
    router.post(f"{path}/forget-all")(forget_all)


async def show(page: PageDep, person: OwnerDep) -> Response:
    """The list."""
    return page.show("security_browsers", items=await _items(page, person))


async def forget(page: PageDep, person: OwnerDep, form: Posted, browser_id: UUID) -> Response:
    """Trust one browser no more."""
    try:
        await browsers.forget(page.visit, person, browser_id)
    except AccountError as gone:
        return page.again("security_browsers", gone, form, items=await _items(page, person))
    page.tell("pages.security_browsers.forgotten")
    return page.go(f"{page.paths.security}/browsers")


async def forget_all(page: PageDep, person: OwnerDep) -> Response:
    """Trust none any more."""
    await browsers.forget_all(page.visit, person)
    await page.visit.commit()
    page.tell("pages.security_browsers.all_forgotten")
    return page.go(f"{page.paths.security}/browsers")


async def _items(page: Page, person: Person) -> list[dict[str, Any]]:
    return [item._asdict() | {"agent": agents.label(item.agent)} for item in await browsers.listed(page.visit, person)]
