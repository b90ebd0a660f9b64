"""Tokens for programs, by JSON: personal ones, and the pair that a signed-in client gets in exchange for its session."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from buckler.accounts import fresh, signin
from buckler.accounts.tokens import NEVER, Pair, personal, refresh
from buckler.frameworks.fastapi.accounts.api.route import ApiRoute
from buckler.frameworks.fastapi.accounts.api.shapes import DONE, NewProgram, NewToken, Refresh, State, TokenPair
from buckler.frameworks.fastapi.accounts.depends import OwnerDep, VisitDep, public

router = APIRouter(route_class=ApiRoute, tags=["Tokens"])
_SHOWN = ("id", "name", "hint", "scopes", "per_minute", "created_at", "expires_at", "used_at")
_PROGRAM = ("id", "name", "scopes", "address", "agent", "created_at", "used_at", "expires_at")


@router.get("/tokens")
async def list_tokens(visit: VisitDep, person: OwnerDep) -> list[dict[str, Any]]:
    """Return the person's tokens, without the tokens themselves."""
    return [{name: getattr(item, name) for name in _SHOWN} for item in await personal.listed(visit, person)]


@router.post("/tokens", status_code=201)
async def make_token(given: NewToken, visit: VisitDep, person: OwnerDep) -> dict[str, Any]:
    """Make a token, and return it this once. Asks for a fresh sign-in."""
    fresh.need(visit, person)
    days = NEVER if given.days is None else given.days
    text, row = await personal.make(visit, person, given.name, given.scopes, days, given.per_minute)
    await visit.commit()
    return {"token": text} | {name: getattr(row, name) for name in _SHOWN}


@router.delete("/tokens/{token_id}")
async def end_token(token_id: UUID, visit: VisitDep, person: OwnerDep) -> State:
    """End a token."""
    await personal.revoke(visit, person, token_id)
    await visit.commit()
    return DONE


@router.get("/programs")
async def list_programs(visit: VisitDep, person: OwnerDep) -> list[dict[str, Any]]:
    """Return the programs that are signed in."""
    return [{name: getattr(item, name) for name in _PROGRAM} for item in await refresh.listed(visit, person)]


@router.post("/programs", status_code=201)
async def exchange(given: NewProgram, visit: VisitDep, person: OwnerDep) -> TokenPair:
    """Give tokens for this session, which then ends: for a client that keeps no cookies. Asks for a fresh sign-in."""
    fresh.need(visit, person)
    pair = await refresh.start(visit, person, given.name, given.scopes)
    await visit.commit()
    await signin.out(visit)
    return _shown(pair)


@router.post("/programs/refresh", dependencies=[public(because="the refresh token is what proves")])
async def redeem(given: Refresh, visit: VisitDep) -> TokenPair:
    """Give the next pair for a refresh token. Each works once: one that is shown again ends the sign-in of its program."""
    return _shown(await refresh.redeem(visit, given.refresh_token))


@router.post("/programs/sign-out", dependencies=[public(because="the refresh token is what proves")])
async def sign_out(given: Refresh, visit: VisitDep) -> State:
    """End the sign-in of the program that shows this token (RFC 7009)."""
    await refresh.sign_out(visit, given.refresh_token)
    return DONE


@router.delete("/programs/{family_id}")
async def end_program(family_id: UUID, visit: VisitDep, person: OwnerDep) -> State:
    """Sign a program out."""
    await refresh.revoke(visit, person, family_id)
    await visit.commit()
    return DONE


def _shown(pair: Pair) -> TokenPair:
    return TokenPair(access_token=pair.access, refresh_token=pair.refresh, expires_in=pair.expires_s, scope=" ".join(pair.scopes))
