"""The page of recovery codes: how many are left, and new ones, which are shown once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import Depends, Response

from buckler.accounts import factors, recovery
from buckler.accounts.problems import AccountError
from buckler.frameworks.fastapi.accounts.depends import OwnerDep, fresh_owner
from buckler.frameworks.fastapi.accounts.pages.form import Posted
from buckler.frameworks.fastapi.accounts.pages.page import PageDep

if TYPE_CHECKING:
    from fastapi import APIRouter

    from buckler.accounts.accounts import Accounts


def add(router: APIRouter, accounts: Accounts) -> None:
    """Add the routes of this file."""
    path = f"{accounts.paths.security}/recovery"
    router.get(path, dependencies=[Depends(fresh_owner)])(show)
    router.post(path)(make)


async def show(page: PageDep, person: OwnerDep) -> Response:
    """How many are left, and a button."""
    return page.show("security_recovery", owned=await factors.of(page.visit, person))


async def make(page: PageDep, person: OwnerDep, form: Posted) -> Response:
    """Make ten, and show them in the answer to this very request: kept nowhere, they cannot be shown a second time."""
    try:
        codes = await recovery.make(page.visit, person)
    except AccountError as error:
        return page.again("security_recovery", error, form, owned=await factors.of(page.visit, person))
    return page.show("security_recovery_codes", codes=codes, email=person.email)
