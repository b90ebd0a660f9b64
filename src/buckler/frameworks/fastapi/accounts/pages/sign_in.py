"""The page to sign in, by password, passkey or another provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import Response

from buckler.accounts import people, signin
from buckler.accounts.problems import AccountError
from buckler.frameworks.fastapi.accounts.depends import public
from buckler.frameworks.fastapi.accounts.pages.form import Posted
from buckler.frameworks.fastapi.accounts.pages.page import PageDep
from buckler.protections.overload import sign_in as entrance

if TYPE_CHECKING:
    from fastapi import APIRouter

    from buckler.accounts.accounts import Accounts


def add(router: APIRouter, accounts: Accounts) -> None:
    """Add the routes of this file."""
    anybody = public(because="who signs in is nobody yet")
    router.get(accounts.paths.sign_in, dependencies=[anybody])(show)
    router.post(accounts.paths.sign_in, dependencies=[anybody])(enter)


@entrance
async def show(page: PageDep) -> Response:
    """The page; somebody who is signed in already is led on."""
    if page.visit.request.session is not None and await people.of_session(page.visit) is not None:
        return page.go(page.next or page.paths.home)
    return page.show("sign_in")


@entrance
async def enter(page: PageDep, form: Posted) -> Response:
    """Sign in with what was sent: a passkey's answer, or e-mail address and password."""
    try:
        if form.text("passkey"):
            end: object = await signin.with_passkey(page.visit, form.text("passkey"))
        else:
            end = await signin.with_password(page.visit, form.text("email"), form.text("password"))
    except AccountError as error:
        return page.again("sign_in", error, form)
    if isinstance(end, signin.Half):
        return page.go(page.paths.second, next=form.next)
    return page.go(form.next or page.paths.home)
