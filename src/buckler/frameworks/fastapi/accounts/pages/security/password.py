"""The page to change the password, or to choose a first one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import Response

from buckler.accounts import factors, fresh, password
from buckler.accounts.problems import AccountError
from buckler.frameworks.fastapi.accounts.depends import OwnerDep
from buckler.frameworks.fastapi.accounts.pages.form import Posted
from buckler.frameworks.fastapi.accounts.pages.page import PageDep

if TYPE_CHECKING:
    from fastapi import APIRouter

    from buckler.accounts.accounts import Accounts


def add(router: APIRouter, accounts: Accounts) -> None:
    """Add the routes of this file."""
    path = f"{accounts.paths.security}/password"
    router.get(path)(show)
    router.post(path)(change)


async def show(page: PageDep, person: OwnerDep) -> Response:
    """The form. Who would have to be fresh in the end is asked for that first."""
    if person.password_hash is None or (await factors.of(page.visit, person)).second_factor:
        fresh.need(page.visit, person)
    return page.show("security_password", email=person.email, has_one=person.password_hash is not None)


async def change(page: PageDep, person: OwnerDep, form: Posted) -> Response:
    """Set it."""
    email, has_one = person.email, person.password_hash is not None
    try:
        await password.change(page.visit, person, form.text("password"), form.text("current"))
    except AccountError as error:
        score = page.score(error, form, email)
        return page.again("security_password", error, form, email=email, has_one=has_one, score=score)
    page.tell("pages.security_password.done")
    return page.go(page.paths.security)
