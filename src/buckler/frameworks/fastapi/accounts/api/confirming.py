"""Who one is, and confirming it, by JSON."""

from typing import Any

from fastapi import APIRouter

from buckler.accounts import confirm, email, factors, fresh, passkeys, password
from buckler.frameworks.fastapi.accounts.api.route import ApiRoute
from buckler.frameworks.fastapi.accounts.api.shapes import DONE, MAIL, ChangedPassword, Confirm, EmailOnly, State
from buckler.frameworks.fastapi.accounts.depends import OwnerDep, VisitDep

router = APIRouter(route_class=ApiRoute, tags=["Oneself"])


@router.get("/me")
async def me(visit: VisitDep, person: OwnerDep) -> dict[str, Any]:
    """Return who is signed in, and with what they may prove it."""
    owned = await factors.of(visit, person)
    return {
        "id": person.id,
        "email": person.email,
        "email_verified": person.email_verified_at is not None,
        "language": person.language,
        "created_at": person.created_at,
        "factors": {
            "password": owned.password,
            "totp": owned.totp,
            "passkeys": owned.passkeys,
            "recovery_codes_left": owned.recovery_left,
        },
    }


@router.get("/confirm")
async def ways(visit: VisitDep, person: OwnerDep) -> dict[str, Any]:
    """Return whether the sign-in is fresh, and what may be shown to make it so: each list is shown together."""
    return {"fresh": fresh.is_fresh(visit, person), "ways": await confirm.ways(visit, person)}


@router.post("/confirm")
async def confirm_it(given: Confirm, visit: VisitDep, person: OwnerDep) -> State:
    """Make the sign-in fresh."""
    await confirm.confirm(visit, person, given.model_dump(exclude_none=True))
    return DONE


@router.post("/confirm/code", status_code=202)
async def send_code(visit: VisitDep, person: OwnerDep) -> State:
    """Send a code by mail, to a person who has nothing else to show."""
    await confirm.send_code(visit, person)
    return MAIL


@router.post("/confirm/passkey/options")
async def passkey_options(visit: VisitDep, person: OwnerDep, *, beside_password: bool = False) -> dict[str, Any]:
    """Return the options for `navigator.credentials.get`; `beside_password` for a key that is shown with the password."""
    return await passkeys.options_to_check(visit, person, "second" if beside_password else "fresh")


@router.put("/password")
async def change_password(given: ChangedPassword, visit: VisitDep, person: OwnerDep) -> State:
    """Change the password. Asks for a fresh sign-in of who has a second factor, or no password yet; all other sessions end."""
    await password.change(visit, person, given.password, given.current)
    return DONE


@router.put("/email", status_code=202)
async def change_email(given: EmailOnly, visit: VisitDep, person: OwnerDep) -> State:
    """Send a link to the new address. Asks for a fresh sign-in."""
    await email.begin(visit, person, given.email)
    return MAIL
