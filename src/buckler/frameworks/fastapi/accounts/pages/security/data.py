"""The pages to take everything along, and to leave."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from fastapi import Depends, Response
from fastapi.encoders import jsonable_encoder

from buckler.accounts import deletion, export, fresh
from buckler.accounts.addresses import email_key
from buckler.accounts.problems import AccountError, Problem
from buckler.frameworks.fastapi.accounts.depends import OwnerDep, fresh_owner
from buckler.frameworks.fastapi.accounts.pages.form import Posted
from buckler.frameworks.fastapi.accounts.pages.page import PageDep

if TYPE_CHECKING:
    from fastapi import APIRouter

    from buckler.accounts.accounts import Accounts

NOT_YOURS = Problem("account.address_differs", 422, "This is not the address of your account.", "Type the address as it stands above.")
_HEADERS = {"content-disposition": 'attachment; filename="account.json"', "cache-control": "no-store"}


def add(router: APIRouter, accounts: Accounts) -> None:
    """Add the routes of this file."""
    below = accounts.paths.security
    router.get(f"{below}/data", dependencies=[Depends(fresh_owner)])(show)
    router.post(f"{below}/data")(download)
    router.get(f"{below}/delete", dependencies=[Depends(fresh_owner)])(ask)
    router.post(f"{below}/delete")(delete)


async def show(page: PageDep) -> Response:
    """A button. Deliberately no link to the file: what a link leads to, programs fetch beforehand."""
    return page.show("security_data")


async def download(page: PageDep, person: OwnerDep, form: Posted) -> Response:
    """All that is kept of the person, as a file."""
    try:
        found = await export.of(page.visit, person)
    except AccountError as error:
        return page.again("security_data", error, form)
    text = json.dumps(jsonable_encoder(found), ensure_ascii=False, indent=2)
    return Response(text, media_type="application/json", headers=_HEADERS)


async def ask(page: PageDep, person: OwnerDep) -> Response:
    """What goes with the account, and a field for its address, which nobody types by accident."""
    return page.show("security_delete", email=person.email)


async def delete(page: PageDep, person: OwnerDep, form: Posted) -> Response:
    """Delete the account and everything in it."""
    email = person.email
    try:
        fresh.need(page.visit, person)
        _need_same(form.text("email"), email)
        await deletion.finish(page.visit, person)
    except AccountError as error:
        return page.again("security_delete", error, form, email=email)
    return page.show("security_deleted", email=email)


def _need_same(typed: str, email: str) -> None:
    if email_key(typed) != email_key(email):
        raise AccountError(NOT_YOURS, "email")
