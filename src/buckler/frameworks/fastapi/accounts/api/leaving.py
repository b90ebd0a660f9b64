"""Taking everything along, and leaving, by JSON."""

from typing import Any

from fastapi import APIRouter

from buckler.accounts import deletion, export
from buckler.frameworks.fastapi.accounts.api.route import ApiRoute
from buckler.frameworks.fastapi.accounts.api.shapes import DONE, State
from buckler.frameworks.fastapi.accounts.depends import OwnerDep, VisitDep

router = APIRouter(route_class=ApiRoute, tags=["Leaving"])


@router.get("/export")
async def everything(visit: VisitDep, person: OwnerDep) -> dict[str, Any]:
    """Return all that is kept of the person. Asks for a fresh sign-in."""
    return await export.of(visit, person)


@router.delete("/me")
async def delete(visit: VisitDep, person: OwnerDep) -> State:
    """Delete the account and everything in it. Asks for a fresh sign-in."""
    await deletion.finish(visit, person)
    return DONE
