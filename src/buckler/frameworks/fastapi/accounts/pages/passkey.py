"""What the script of the pages asks for: the options for `navigator.credentials`. The answer comes back in the form that asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import Body
from fastapi.responses import JSONResponse

from buckler.accounts import passkeys, people, signin
from buckler.accounts.problems import AccountError
from buckler.frameworks.fastapi.accounts.depends import NOBODY, OwnerDep, VisitDep, public
from buckler.protections.overload import sign_in as entrance

if TYPE_CHECKING:
    from fastapi import APIRouter

    from buckler.accounts.accounts import Accounts

_HEADERS = {"cache-control": "no-store"}


def add(router: APIRouter, accounts: Accounts) -> None:
    """Add the routes of this file."""
    below, nobody = accounts.paths.passkey, public(because="who signs in or up is nobody yet")
    router.post(f"{below}/sign-in", dependencies=[nobody])(to_sign_in)
    router.post(f"{below}/sign-up", dependencies=[nobody])(to_sign_up)
    router.post(f"{below}/second", dependencies=[public(because="only who is half or wholly signed in has keys to be asked for")])(second)
    router.post(f"{below}/fresh")(fresh)


def answered(options: dict[str, Any]) -> JSONResponse:
    """Return options as the script reads them."""
    return JSONResponse(options, headers=_HEADERS)


@entrance
async def to_sign_in(visit: VisitDep) -> JSONResponse:
    """Any passkey of this site."""
    return answered(await passkeys.options_to_sign_in(visit))


async def to_sign_up(visit: VisitDep, email: str = Body(embed=True)) -> JSONResponse:
    """A new passkey for somebody new."""
    return answered(await passkeys.options_to_sign_up(visit, email))


@entrance
async def second(visit: VisitDep) -> JSONResponse:
    """One of the person's own keys, beside a password: of who is half signed in, else of who is signed in."""
    if await signin.half(visit) is not None:
        _, person = await signin.half_person(visit)
    else:
        found = await people.of_session(visit)
        if found is None:
            raise AccountError(NOBODY)
        person = found
    return answered(await passkeys.options_to_check(visit, person, "second"))


async def fresh(visit: VisitDep, person: OwnerDep) -> JSONResponse:
    """One of the person's own passkeys, to confirm that it is them."""
    return answered(await passkeys.options_to_check(visit, person, "fresh"))
