"""Signing in and out, by JSON."""

from typing import Any

from fastapi import APIRouter

from buckler.accounts import passkeys, signin
from buckler.accounts.signin import Half
from buckler.frameworks.fastapi.accounts.api.route import ApiRoute
from buckler.frameworks.fastapi.accounts.api.shapes import DONE, PasskeyAnswer, SecondFactor, SignIn, State
from buckler.frameworks.fastapi.accounts.depends import VisitDep, public
from buckler.protections.overload import sign_in as entrance

router = APIRouter(route_class=ApiRoute, tags=["Signing in"], dependencies=[public(because="who is not signed in yet must be able to")])


def _state(end: object) -> State:
    return State(state="second_factor", ways=end.ways) if isinstance(end, Half) else State(state="signed_in")


@router.post("/sign-in")
@entrance
async def with_password(given: SignIn, visit: VisitDep) -> State:
    """Sign in by e-mail address and password. `second_factor` means: `POST /sign-in/second` is next."""
    return _state(await signin.with_password(visit, given.email, given.password, channel="api"))


@router.post("/sign-in/second")
@entrance
async def second(given: SecondFactor, visit: VisitDep) -> State:
    """End a sign-in by a second factor. With `trust`, this browser is not asked for it again for thirty days."""
    return _state(await signin.second(visit, given.way, given.answer, trust=given.trust))


@router.post("/sign-in/second/passkey")
@entrance
async def second_options(visit: VisitDep) -> dict[str, Any]:
    """Return the options for `navigator.credentials.get`, for the person whose password was right."""
    _, person = await signin.half_person(visit)
    return await passkeys.options_to_check(visit, person, "second")


@router.post("/sign-in/passkey/options")
@entrance
async def passkey_options(visit: VisitDep) -> dict[str, Any]:
    """Return the options for `navigator.credentials.get`: any passkey of this site."""
    return await passkeys.options_to_sign_in(visit)


@router.post("/sign-in/passkey")
@entrance
async def with_passkey(given: PasskeyAnswer, visit: VisitDep) -> State:
    """Sign in by a passkey, which is both factors at once."""
    return _state(await signin.with_passkey(visit, given.response))


@router.post("/sign-out")
async def sign_out(visit: VisitDep) -> State:
    """Sign out here, half signed in or whole."""
    await signin.out(visit)
    return DONE
