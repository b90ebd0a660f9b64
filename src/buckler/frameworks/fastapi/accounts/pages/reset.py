"""The pages of a forgotten password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import Response

from buckler.accounts import reset
from buckler.accounts.problems import AccountError
from buckler.frameworks.fastapi.accounts.depends import public
from buckler.frameworks.fastapi.accounts.pages.form import Posted
from buckler.frameworks.fastapi.accounts.pages.page import Page, PageDep

if TYPE_CHECKING:
    from fastapi import APIRouter

    from buckler.accounts.accounts import Accounts


def add(router: APIRouter, accounts: Accounts) -> None:
    """Add the routes of this file."""
    paths, anybody = accounts.paths, public(because="who forgot the password cannot sign in")
    router.get(paths.reset, dependencies=[anybody])(show)
    router.post(paths.reset, dependencies=[anybody])(begin)
    router.get(f"{paths.reset}/sent", dependencies=[anybody])(sent)
    opened = public(because="the link in a mail is the right to come here")
    router.get(paths.reset_new, dependencies=[opened])(choose)
    router.post(paths.reset_new, dependencies=[opened])(finish)


async def show(page: PageDep) -> Response:
    """The form."""
    return page.show("reset")


async def begin(page: PageDep, form: Posted) -> Response:
    """Send a link, or to who has no account a word of that: the page says the same."""
    try:
        await reset.begin(page.visit, form.text("email"), language=page.language)
    except AccountError as error:
        return page.again("reset", error, form)
    page.mailed(form.text("email"))
    return page.go(f"{page.paths.reset}/sent")


async def sent(page: PageDep) -> Response:
    """Where to look now."""
    return page.show("reset_sent", email=page.mailed_to, mailbox=page.mailbox)


async def choose(page: PageDep, token: str = "") -> Response:
    """The form for the new password."""
    try:
        person = await reset.opened(page.visit, token)
    except AccountError as gone:
        return _gone(page, gone)
    return page.private(page.show("reset_new", token=token, email=person.email))


async def finish(page: PageDep, form: Posted) -> Response:
    """Set it. Signing in with it is what comes next."""
    token = form.text("token")
    try:
        person = await reset.opened(page.visit, token)
    except AccountError as gone:
        return _gone(page, gone)
    email = person.email
    try:
        await reset.finish(page.visit, token, form.text("password"))
    except AccountError as error:
        score = page.score(error, form, email)
        return page.private(page.again("reset_new", error, form, token=token, email=email, score=score))
    page.tell("pages.reset_new.done")
    return page.go(page.paths.sign_in)


def _gone(page: Page, gone: AccountError) -> Response:
    return page.private(page.show("problem", error=gone, to=page.paths.reset, label=page.say("pages.problem.reset")))
