"""The pages of authenticator apps."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from fastapi import Depends, Response

from buckler.accounts import factors, totp
from buckler.accounts.problems import AccountError
from buckler.frameworks.fastapi.accounts.depends import OwnerDep, fresh_owner
from buckler.frameworks.fastapi.accounts.pages.form import Posted
from buckler.frameworks.fastapi.accounts.pages.page import PageDep
from buckler.frameworks.fastapi.accounts.pages.security.things import Things

if TYPE_CHECKING:
    from fastapi import APIRouter

    from buckler.accounts.accounts import Accounts
    from buckler.accounts.tables import Person
    from buckler.accounts.visit import Visit


async def _names(visit: Visit, person: Person) -> dict[UUID, str]:
    return {item.id: item.name for item in await totp.listed(visit, person)}


_THINGS = Things("totp", _names, lambda: AccountError(factors.GONE), totp.remove, totp.rename)


def add(router: APIRouter, accounts: Accounts) -> None:
    """Add the routes of this file."""
    path = f"{accounts.paths.security}/totp"
    router.get(path)(show)
    router.get(f"{path}/new", dependencies=[Depends(fresh_owner)])(name)
    router.post(f"{path}/new")(begin)
    router.get(f"{path}/{{thing:uuid}}/scan")(scan)
    router.post(f"{path}/{{thing:uuid}}/scan")(confirm)
    _THINGS.add(router, accounts.paths.security)


async def show(page: PageDep, person: OwnerDep) -> Response:
    """Those that there are."""
    return page.show("security_totp", items=await totp.listed(page.visit, person))


async def name(page: PageDep) -> Response:
    """What it shall be called, and what one needs for it."""
    return page.show("security_totp_new")


async def begin(page: PageDep, person: OwnerDep, form: Posted) -> Response:
    """Draw a new seed. It is shown by a page of its own, which may be loaded again."""
    try:
        enrolment = await totp.begin(page.visit, person, form.text("name"))
    except AccountError as error:
        return page.again("security_totp_new", error, form)
    return page.go(f"{page.paths.security}/totp/{enrolment.id}/scan")


async def scan(page: PageDep, person: OwnerDep, thing: UUID) -> Response:
    """The QR code, the same as text, and a field for the first code."""
    try:
        enrolment = await totp.waiting(page.visit, person, thing)
    except AccountError as error:
        return _THINGS.lost(page, error)
    return page.show("security_totp_scan", enrolment=enrolment)


async def confirm(page: PageDep, person: OwnerDep, form: Posted, thing: UUID) -> Response:
    """Take the first code. A wrong one shows the page again, with the same QR code."""
    try:
        await totp.confirm(page.visit, person, thing, form.text("code"))
    except AccountError as wrong:
        try:
            enrolment = await totp.waiting(page.visit, person, thing)
        except AccountError as error:
            return _THINGS.lost(page, error)
        return page.again("security_totp_scan", wrong, form, enrolment=enrolment)
    page.tell("pages.security_totp.added")
    return page.go(page.paths.security)
