"""The pages behind links that confirm an address: of an account that the application made, and a new one of an account that there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import Response

from buckler.accounts import email, people, tickets, verify
from buckler.accounts.problems import AccountError
from buckler.frameworks.fastapi.accounts.depends import public
from buckler.frameworks.fastapi.accounts.pages.form import Posted
from buckler.frameworks.fastapi.accounts.pages.page import Page, PageDep

if TYPE_CHECKING:
    from fastapi import APIRouter

    from buckler.accounts.accounts import Accounts


def add(router: APIRouter, accounts: Accounts) -> None:
    """Add the routes of this file."""
    paths, opened = accounts.paths, public(because="the link in a mail is the right to come here")
    router.get(paths.verify_address, dependencies=[opened])(show_verify)
    router.post(paths.verify_address, dependencies=[opened])(finish_verify)
    router.get(paths.email_new, dependencies=[opened])(show_email)
    router.post(paths.email_new, dependencies=[opened])(finish_email)


async def show_verify(page: PageDep, token: str = "") -> Response:
    """A button. Programs that look into mails open links, so nothing is used up here."""
    return page.private(page.show("verify_address", token=token))


async def finish_verify(page: PageDep, form: Posted) -> Response:
    """Confirm the address."""
    token = form.text("token")
    try:
        await verify.finish(page.visit, token, form.text("password"))
    except AccountError as error:
        if error.problem == tickets.GONE:
            return _gone(page, error)
        return page.private(page.again("verify_address", error, form, token=token))
    page.tell("pages.verify_address.done")
    return page.go(page.paths.sign_in)


async def show_email(page: PageDep, token: str = "") -> Response:
    """As `show_verify`."""
    return page.private(page.show("email_new", token=token))


async def finish_email(page: PageDep, form: Posted) -> Response:
    """Make the new address the person's own."""
    try:
        person = await email.finish(page.visit, form.text("token"))
    except AccountError as gone:
        return _gone(page, gone)
    here = await people.of_session(page.visit)
    page.tell("pages.email_new.done", email=person.email)
    return page.go(page.paths.security if here is not None and here.id == person.id else page.paths.sign_in)


def _gone(page: Page, gone: AccountError) -> Response:
    return page.private(page.show("problem", error=gone, to=page.paths.sign_in, label=page.say("pages.problem.sign_in")))
