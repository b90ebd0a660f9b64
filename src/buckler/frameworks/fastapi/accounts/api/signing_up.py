"""Signing up, forgotten passwords, and the links of mails, by JSON. None of the answers tells whether somebody has an account."""

from typing import Any

from fastapi import APIRouter, Request

from buckler.accounts import email, passkeys, reset, signup, verify
from buckler.frameworks.fastapi.accounts.answer import language_of
from buckler.frameworks.fastapi.accounts.api.route import ApiRoute
from buckler.frameworks.fastapi.accounts.api.shapes import DONE, MAIL, EmailOnly, Finish, Link, Reset, SignUp, State, Verify
from buckler.frameworks.fastapi.accounts.depends import VisitDep, public

router = APIRouter(
    route_class=ApiRoute, tags=["Signing up"], dependencies=[public(because="who has no account, or cannot get at it, must be able to")]
)


@router.post("/sign-up", status_code=202)
async def begin(given: SignUp, request: Request, visit: VisitDep) -> State:
    """Send a link to the address; the account is made when it is opened."""
    await signup.begin(visit, given.email, given.password, given.passkey, given.profile, language=language_of(request))
    return MAIL


@router.post("/sign-up/passkey/options")
async def passkey_options(given: EmailOnly, visit: VisitDep) -> dict[str, Any]:
    """Return the options for `navigator.credentials.create`, for a sign-up with a passkey."""
    return await passkeys.options_to_sign_up(visit, given.email)


@router.post("/sign-up/finish", status_code=201)
async def finish(given: Finish, visit: VisitDep) -> State:
    """Make the account that the link is about, and sign in."""
    await signup.finish(visit, given.token, given.password, given.profile)
    return State(state="signed_in")


@router.post("/reset", status_code=202)
async def ask_for_reset(given: EmailOnly, request: Request, visit: VisitDep) -> State:
    """Send a link by which a new password can be chosen."""
    await reset.begin(visit, given.email, language=language_of(request))
    return MAIL


@router.post("/reset/finish")
async def finish_reset(given: Reset, visit: VisitDep) -> State:
    """Set the new password. Every session ends; signing in is what comes next."""
    await reset.finish(visit, given.token, given.password)
    return DONE


@router.post("/verify")
async def verify_address(given: Verify, visit: VisitDep) -> State:
    """Confirm the address of an account that the application made itself."""
    await verify.finish(visit, given.token, given.password)
    return DONE


@router.post("/email/finish")
async def finish_email(given: Link, visit: VisitDep) -> State:
    """Make the new address, to which the link was sent, the person's own."""
    await email.finish(visit, given.token)
    return DONE
