"""The page between a right password and being signed in: the second factor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import Response

from buckler.accounts import signin
from buckler.accounts.problems import AccountError
from buckler.frameworks.fastapi.accounts.depends import public
from buckler.frameworks.fastapi.accounts.pages.form import Posted
from buckler.frameworks.fastapi.accounts.pages.page import PageDep
from buckler.protections.overload import sign_in as entrance

if TYPE_CHECKING:
    from fastapi import APIRouter

    from buckler.accounts.accounts import Accounts

_WAYS = ("passkey", "totp", "recovery")


def add(router: APIRouter, accounts: Accounts) -> None:
    """Add the routes of this file."""
    half = public(because="only who is half signed in gets any further")
    router.get(accounts.paths.second, dependencies=[half])(show)
    router.post(accounts.paths.second, dependencies=[half])(enter)


@entrance
async def show(page: PageDep) -> Response:
    """The page; without a sign-in that waits for it, back to the beginning."""
    waiting = await signin.half(page.visit)
    if waiting is None:
        return page.go(page.paths.sign_in, next=page.next)
    return page.show("second", ways=waiting.ways)


@entrance
async def enter(page: PageDep, form: Posted) -> Response:
    """End the sign-in. `way` says which of the page's forms was sent; its answer is in the field of that name."""
    way = form.text("way") if form.text("way") in _WAYS else ""
    try:
        await signin.second(page.visit, way, form.text(way), trust=form.is_on("trust"))
    except AccountError as error:
        waiting = await signin.half(page.visit)
        if waiting is None:
            return page.again("sign_in", error, form)
        error.field = way if error.field and way != "passkey" else ""
        return page.again("second", error, form, ways=waiting.ways)
    return page.go(form.next or page.paths.home)
