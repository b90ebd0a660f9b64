"""The page to sign out: a link may lead to it, and only its button does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import Response

from buckler.accounts import signin
from buckler.frameworks.fastapi.accounts.depends import public
from buckler.frameworks.fastapi.accounts.pages.form import Posted
from buckler.frameworks.fastapi.accounts.pages.page import PageDep

if TYPE_CHECKING:
    from fastapi import APIRouter

    from buckler.accounts.accounts import Accounts


def add(router: APIRouter, accounts: Accounts) -> None:
    """Add the routes of this file."""
    anybody = public(because="who is half signed in signs out too, and who is not at all loses nothing")
    router.get(accounts.paths.sign_out, dependencies=[anybody])(show)
    router.post(accounts.paths.sign_out, dependencies=[anybody])(leave)


async def show(page: PageDep) -> Response:
    """A button."""
    return page.show("sign_out")


async def leave(page: PageDep, form: Posted) -> Response:
    """Sign out, half signed in or whole."""
    await signin.out(page.visit)
    return page.go(form.next or page.paths.home)
