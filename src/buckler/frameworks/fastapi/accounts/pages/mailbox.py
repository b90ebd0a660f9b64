"""In development: the letters that would have been sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import Response

from buckler.accounts.mail import MailFolder
from buckler.accounts.problems import AccountError, Problem
from buckler.frameworks.fastapi.accounts.depends import public
from buckler.frameworks.fastapi.accounts.pages.page import PageDep

if TYPE_CHECKING:
    from fastapi import APIRouter

    from buckler.accounts.accounts import Accounts

NO_MAILBOX = Problem("account.no_mailbox", 404, "There is nothing here.", "Letters are shown in development alone.")


def add(router: APIRouter, accounts: Accounts) -> None:
    """Add the route of this file; where letters really leave there is none."""
    if isinstance(accounts.post, MailFolder):
        router.get(accounts.paths.mailbox, dependencies=[public(because="in development alone")])(show)


async def show(page: PageDep) -> Response:
    """The newest letters, the newest first. Raises `AccountError` 404 anywhere but in development."""
    post = page.accounts.post
    if not page.mailbox or not isinstance(post, MailFolder):
        raise AccountError(NO_MAILBOX)
    await page.accounts.outbox.drain()
    return page.private(page.show("mailbox", letters=await post.read()))
