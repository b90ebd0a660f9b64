"""The pages to change the address, and to confirm one that was never confirmed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import Depends, Response

from buckler.accounts import email, throttle, verify
from buckler.accounts.problems import AccountError
from buckler.frameworks.fastapi.accounts.depends import OwnerDep, fresh_owner, owner
from buckler.frameworks.fastapi.accounts.pages.form import Posted
from buckler.frameworks.fastapi.accounts.pages.page import PageDep

if TYPE_CHECKING:
    from fastapi import APIRouter

    from buckler.accounts.accounts import Accounts


def add(router: APIRouter, accounts: Accounts) -> None:
    """Add the routes of this file."""
    path = f"{accounts.paths.security}/email"
    router.get(path, dependencies=[Depends(fresh_owner)])(show)
    router.post(path)(begin)
    router.get(f"{path}/sent", dependencies=[Depends(owner)])(sent)
    router.get(f"{path}/confirm")(ask)
    router.post(f"{path}/confirm")(confirm)


async def show(page: PageDep, person: OwnerDep) -> Response:
    """The form."""
    return page.show("security_email", email=person.email)


async def begin(page: PageDep, person: OwnerDep, form: Posted) -> Response:
    """Send a link to the new address. Whether somebody else has it, the page does not tell."""
    try:
        await email.begin(page.visit, person, form.text("email"))
    except AccountError as error:
        return page.again("security_email", error, form, email=person.email)
    page.mailed(form.text("email"))
    return page.go(f"{page.paths.security}/email/sent")


async def sent(page: PageDep) -> Response:
    """Where to look now."""
    return page.show("security_email_sent", email=page.mailed_to, mailbox=page.mailbox)


async def ask(page: PageDep, person: OwnerDep) -> Response:
    """A button, for somebody whose account the application made."""
    return page.show("security_email_confirm", email=person.email)


async def confirm(page: PageDep, person: OwnerDep, form: Posted) -> Response:
    """Send a link to the present address."""
    try:
        await throttle.admit(page.visit, "email", person.email)
    except AccountError as error:
        return page.again("security_email_confirm", error, form, email=person.email)
    await verify.begin(page.visit, person)
    await page.visit.commit()
    page.mailed(person.email)
    return page.go(f"{page.paths.security}/email/sent")
