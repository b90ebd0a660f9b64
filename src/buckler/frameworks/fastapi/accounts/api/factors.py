"""Authenticator apps, passkeys and keys, recovery codes, by JSON. All that adds or removes asks for a fresh sign-in."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from buckler.accounts import passkeys, recovery, totp
from buckler.frameworks.fastapi.accounts.api.route import ApiRoute
from buckler.frameworks.fastapi.accounts.api.shapes import DONE, Named, PasskeyAnswer, State, TotpCode
from buckler.frameworks.fastapi.accounts.depends import OwnerDep, VisitDep

router = APIRouter(route_class=ApiRoute, tags=["Factors"], prefix="/factors")


@router.get("")
async def listed(visit: VisitDep, person: OwnerDep) -> dict[str, Any]:
    """Return authenticator apps, passkeys and keys, and how many recovery codes are left."""
    return {
        "totp": [item._asdict() for item in await totp.listed(visit, person)],
        "passkeys": [item._asdict() for item in await passkeys.listed(visit, person)],
        "recovery_codes_left": await recovery.left(visit, person),
    }


@router.post("/totp", status_code=201)
async def begin_totp(given: Named, visit: VisitDep, person: OwnerDep) -> dict[str, Any]:
    """Begin to add an authenticator app: its secret, as text, address and picture. It counts once a code of it was shown."""
    enrolment = await totp.begin(visit, person, given.name)
    return {"id": enrolment.id, "secret": enrolment.secret, "uri": enrolment.uri, "svg": enrolment.svg}


@router.post("/totp/{totp_id}/confirm")
async def confirm_totp(totp_id: UUID, given: TotpCode, visit: VisitDep, person: OwnerDep) -> State:
    """Show the first code of a new authenticator app."""
    await totp.confirm(visit, person, totp_id, given.code)
    return DONE


@router.patch("/totp/{totp_id}")
async def rename_totp(totp_id: UUID, given: Named, visit: VisitDep, person: OwnerDep) -> State:
    """Call an authenticator app something else."""
    await totp.rename(visit, person, totp_id, given.name)
    return DONE


@router.delete("/totp/{totp_id}")
async def remove_totp(totp_id: UUID, visit: VisitDep, person: OwnerDep) -> State:
    """Remove an authenticator app."""
    await totp.remove(visit, person, totp_id)
    return DONE


@router.post("/recovery", status_code=201)
async def make_recovery_codes(visit: VisitDep, person: OwnerDep) -> dict[str, list[str]]:
    """Return ten new recovery codes, this once. The old ones work no more."""
    return {"codes": await recovery.make(visit, person)}


@router.post("/passkeys/options")
async def passkey_options(visit: VisitDep, person: OwnerDep, *, passkey: bool = True) -> dict[str, Any]:
    """Return the options for `navigator.credentials.create`; `passkey=false` for a security key that only follows a password."""
    return await passkeys.options_to_add(visit, person, passkey=passkey)


@router.post("/passkeys", status_code=201)
async def add_passkey(given: PasskeyAnswer, visit: VisitDep, person: OwnerDep) -> dict[str, Any]:
    """Keep a new passkey or key."""
    added = await passkeys.add(visit, person, given.response, given.name)
    return {"id": added.id, "name": added.name, "signs_in": added.signs_in}


@router.patch("/passkeys/{passkey_id}")
async def rename_passkey(passkey_id: UUID, given: Named, visit: VisitDep, person: OwnerDep) -> State:
    """Call a passkey something else."""
    await passkeys.rename(visit, person, passkey_id, given.name)
    return DONE


@router.delete("/passkeys/{passkey_id}")
async def remove_passkey(passkey_id: UUID, visit: VisitDep, person: OwnerDep) -> State:
    """Remove a passkey; not the last way to sign in."""
    await passkeys.remove(visit, person, passkey_id)
    return DONE
