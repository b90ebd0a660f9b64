"""The pages to sign up: the form, "look into your mail", and what is behind the link in that mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import Response

from buckler.accounts import signup
from buckler.accounts.problems import AccountError
from buckler.frameworks.fastapi.accounts.depends import public
from buckler.frameworks.fastapi.accounts.pages.form import Form, Posted
from buckler.frameworks.fastapi.accounts.pages.page import Page, PageDep

if TYPE_CHECKING:
    from fastapi import APIRouter

    from buckler.accounts.accounts import Accounts

_NEXT = "account.next"


def add(router: APIRouter, accounts: Accounts) -> None:
    """Add the routes of this file."""
    paths, anybody = accounts.paths, public(because="who signs up is nobody yet")
    router.get(paths.sign_up, dependencies=[anybody])(show)
    router.post(paths.sign_up, dependencies=[anybody])(begin)
    router.get(f"{paths.sign_up}/sent", dependencies=[anybody])(sent)
    opened = public(because="the link in a mail is the right to come here")
    router.get(paths.verify, dependencies=[opened])(open_link)
    router.post(paths.verify, dependencies=[opened])(finish)


async def show(page: PageDep) -> Response:
    """The form, with what the application asks for besides."""
    return page.show("sign_up", fields=page.accounts.profile.fields)


async def begin(page: PageDep, form: Posted) -> Response:
    """Send the link. With a passkey's answer, a password that was typed too counts for nothing."""
    fields = page.accounts.profile.fields
    profile = form.only(field.name for field in fields)
    passkey = form.text("passkey")
    password = None if passkey else form.text("password")
    try:
        await signup.begin(page.visit, form.text("email"), password, passkey or None, profile, language=page.language)
    except AccountError as error:
        score = page.score(error, form, form.text("email"), *profile.values())
        return page.again("sign_up", error, form, fields=fields, score=score)
    if form.next:
        page.visit.session[_NEXT] = form.next
    page.mailed(form.text("email"))
    return page.go(f"{page.paths.sign_up}/sent")


async def sent(page: PageDep) -> Response:
    """Where to look now."""
    return page.show("sign_up_sent", email=page.mailed_to, mailbox=page.mailbox)


async def open_link(page: PageDep, token: str = "") -> Response:
    """A button. Programs that look into mails open links, so nothing is used up here."""
    return await _ask(page, token)


async def finish(page: PageDep, form: Posted) -> Response:
    """Make the account, and lead on as its owner."""
    token, fields = form.text("token"), page.accounts.profile.fields
    said_anew = form.only(field.name for field in fields if form.is_on(field.name))
    try:
        await signup.finish(page.visit, token, form.text("password"), said_anew)
    except AccountError as error:
        return await _ask(page, token, error, form)
    return page.go(page.visit.session.pop(_NEXT, "") or page.paths.home)


async def _ask(page: Page, token: str, error: AccountError | None = None, form: Form | None = None) -> Response:
    """The button, and what has to be said anew: a name that somebody took since."""
    try:
        opened = await signup.opened(page.visit, token)
    except AccountError as gone:
        return page.private(page.show("problem", error=gone, to=page.paths.sign_up, label=page.say("pages.problem.sign_up")))
    fields = [field for field in page.accounts.profile.fields if error is not None and error.field == field.name]
    given = {**opened.profile, **(form.given if form is not None else {})}
    shown = page.show(
        "verify", error=error, given=given, token=token, email=opened.email, asks_password=opened.asks_password, fields=fields
    )
    return page.private(shown)
