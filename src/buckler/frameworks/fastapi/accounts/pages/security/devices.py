"""The page of devices: where somebody is signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from fastapi import Response

from buckler.accounts import devices, fresh
from buckler.accounts.problems import AccountError
from buckler.frameworks.fastapi.accounts.depends import OwnerDep
from buckler.frameworks.fastapi.accounts.pages.form import Posted
from buckler.frameworks.fastapi.accounts.pages.page import Page, PageDep
from buckler.frameworks.fastapi.accounts.pages.security.words import how

if TYPE_CHECKING:
    from fastapi import APIRouter

    from buckler.accounts.accounts import Accounts
    from buckler.accounts.tables import Person


def add(router: APIRouter, accounts: Accounts) -> None:
    """Add the routes of this file."""
    path = f"{accounts.paths.security}/devices"
    router.get(path)(show)
    router.post(f"{path}/{{device_id:uuid}}/end")(end)
    router.post(f"{path}/end-others")(end_others)
    router.post(f"{path}/end-all")(end_all)


async def show(page: PageDep, person: OwnerDep) -> Response:
    """The list."""
    items = await _items(page, person)
    await page.visit.commit()  # rows of sessions that are gone go too
    return page.show("security_devices", items=items)


async def end(page: PageDep, person: OwnerDep, form: Posted, device_id: UUID) -> Response:
    """Sign out one device; this one too."""
    if not fresh.is_fresh(page.visit, person):
        return _confirm_first(page)
    try:
        await devices.revoke(page.visit, person, device_id)
    except AccountError as gone:
        return page.again("security_devices", gone, form, items=await _items(page, person))
    return await _ended(page, "pages.security_devices.ended")


async def end_others(page: PageDep, person: OwnerDep) -> Response:
    """Sign out every other device."""
    if not fresh.is_fresh(page.visit, person):
        return _confirm_first(page)
    await devices.revoke_others(page.visit, person)
    return await _ended(page, "pages.security_devices.others_ended")


async def end_all(page: PageDep, person: OwnerDep) -> Response:
    """Sign out everywhere, here too."""
    if not fresh.is_fresh(page.visit, person):
        return _confirm_first(page)
    await devices.end_all(page.visit, person)
    return await _ended(page, "")


def _confirm_first(page: Page) -> Response:
    """Whoever finds an open browser must not sign its owner out elsewhere (ASVS 5.0 V7.5.2)."""
    return page.go(page.paths.confirm, next=f"{page.paths.security}/devices")


async def _ended(page: Page, key: str) -> Response:
    await page.visit.commit()
    if page.visit.session.person is None:  # this one was among them
        return page.go(page.paths.sign_in)
    page.tell(key)
    return page.go(f"{page.paths.security}/devices")


async def _items(page: Page, person: Person) -> list[dict[str, Any]]:
    return [item._asdict() | {"how": how(page, item.how)} for item in await devices.listed(page.visit, person)]
