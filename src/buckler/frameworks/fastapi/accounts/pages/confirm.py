"""The page that asks once more who it is, before a dangerous act."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import Response

from buckler.accounts import confirm
from buckler.accounts.problems import AccountError
from buckler.frameworks.fastapi.accounts.depends import OwnerDep
from buckler.frameworks.fastapi.accounts.pages.form import Posted
from buckler.frameworks.fastapi.accounts.pages.page import PageDep

if TYPE_CHECKING:
    from fastapi import APIRouter

    from buckler.accounts.accounts import Accounts

_WAYS = ("passkey", "password", "totp", "recovery", "code")


def add(router: APIRouter, accounts: Accounts) -> None:
    """Add the routes of this file."""
    router.get(accounts.paths.confirm)(show)
    router.post(accounts.paths.confirm)(enter)


async def show(page: PageDep, person: OwnerDep) -> Response:
    """The page. Deliberately also for somebody who is fresh: a route may ask for less than ten minutes, and would send them back here."""
    return page.show("confirm", ways=await confirm.ways(page.visit, person), email=person.email)


async def enter(page: PageDep, person: OwnerDep, form: Posted) -> Response:
    """Take the proof; or send a code to somebody who has nothing else."""
    ways, email = await confirm.ways(page.visit, person), person.email
    try:
        if form.text("act") == "send":
            await confirm.send_code(page.visit, person)
            page.tell("pages.confirm.sent", email=email)
            return page.go(page.paths.confirm, next=form.next)
        await confirm.confirm(page.visit, person, form.only(_WAYS))
    except AccountError as error:
        error.field = ""  # of what is shown together, no part is named
        return page.again("confirm", error, form, ways=ways, email=email)
    return page.go(form.next or page.paths.home)
