"""The pages of passkeys and security keys, and the options that their script asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import Depends, Response

from buckler.accounts import factors, passkeys
from buckler.accounts.problems import AccountError
from buckler.frameworks.fastapi.accounts.depends import OwnerDep, VisitDep, fresh_owner
from buckler.frameworks.fastapi.accounts.pages.form import Posted
from buckler.frameworks.fastapi.accounts.pages.page import PageDep
from buckler.frameworks.fastapi.accounts.pages.passkey import answered
from buckler.frameworks.fastapi.accounts.pages.security.things import Things

if TYPE_CHECKING:
    from uuid import UUID

    from fastapi import APIRouter

    from buckler.accounts.accounts import Accounts
    from buckler.accounts.tables import Person
    from buckler.accounts.visit import Visit

_KINDS = {"passkey": True, "key": False}  # last part of the paths → whether it signs in on its own


async def _names(visit: Visit, person: Person) -> dict[UUID, str]:
    return {item.id: item.name for item in await passkeys.listed(visit, person)}


_THINGS = Things("passkeys", _names, lambda: AccountError(factors.GONE), passkeys.remove, passkeys.rename)


def add(router: APIRouter, accounts: Accounts) -> None:
    """Add the routes of this file."""
    path = f"{accounts.paths.security}/passkeys"
    router.get(path)(show)
    for kind, signs_in in _KINDS.items():
        ask, enter, options = _adding(kind, signs_in=signs_in)
        router.get(f"{path}/new-{kind}", dependencies=[Depends(fresh_owner)])(ask)
        router.post(f"{path}/new-{kind}")(enter)
        router.post(f"{accounts.paths.passkey}/new-{kind}")(options)
    _THINGS.add(router, accounts.paths.security)


async def show(page: PageDep, person: OwnerDep) -> Response:
    """Those that there are."""
    return page.show("security_passkeys", items=await passkeys.listed(page.visit, person))


def _adding(kind: str, *, signs_in: bool) -> tuple[Any, Any, Any]:
    async def ask(page: PageDep) -> Response:
        return page.show("security_passkey_new", kind=kind)

    async def enter(page: PageDep, person: OwnerDep, form: Posted) -> Response:
        try:
            added = await passkeys.add(page.visit, person, form.text("passkey"), form.text("name"))
        except AccountError as error:
            return page.again("security_passkey_new", error, form, kind=kind)
        page.tell(f"pages.security_passkeys.added_{'passkey' if added.signs_in else 'key'}", name=added.name)
        return page.go(page.paths.security)

    async def options(visit: VisitDep, person: OwnerDep) -> Response:
        return answered(await passkeys.options_to_add(visit, person, passkey=signs_in))

    return ask, enter, options
