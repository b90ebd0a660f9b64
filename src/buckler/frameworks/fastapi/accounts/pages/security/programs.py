"""The page of programs that are signed in: apps that hold tokens in place of a session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from fastapi import Response

from buckler.accounts import agents
from buckler.accounts.problems import AccountError
from buckler.accounts.tokens import refresh
from buckler.frameworks.fastapi.accounts.depends import OwnerDep
from buckler.frameworks.fastapi.accounts.pages.form import Posted
from buckler.frameworks.fastapi.accounts.pages.page import Page, PageDep

if TYPE_CHECKING:
    from fastapi import APIRouter

    from buckler.accounts.accounts import Accounts
    from buckler.accounts.tables import Person


def add(router: APIRouter, accounts: Accounts) -> None:
    """Add the routes of this file."""
    path = f"{accounts.paths.security}/programs"
    router.get(path)(show)
    router.post(f"{path}/{{family_id:uuid}}/end")(end)


async def show(page: PageDep, person: OwnerDep) -> Response:
    """The list."""
    return page.show("security_programs", items=await _items(page, person))


async def end(page: PageDep, person: OwnerDep, form: Posted, family_id: UUID) -> Response:
    """Sign a program out."""
    try:
        await refresh.revoke(page.visit, person, family_id)
    except AccountError as gone:
        return page.again("security_programs", gone, form, items=await _items(page, person))
    await page.visit.commit()
    page.tell("pages.security_programs.ended")
    return page.go(f"{page.paths.security}/programs")


async def _items(page: Page, person: Person) -> list[dict[str, Any]]:
    columns = ("id", "name", "scopes", "address", "created_at", "used_at")
    rows = await refresh.listed(page.visit, person)
    return [{name: getattr(row, name) for name in columns} | {"agent": agents.label(row.agent)} for row in rows]
