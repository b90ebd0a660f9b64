"""Where somebody is signed in, which browsers are trusted, which accounts are connected, and what happened, by JSON."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from buckler.accounts import activity, browsers, devices, fresh
from buckler.accounts.providers import links
from buckler.frameworks.fastapi.accounts.api.route import ApiRoute
from buckler.frameworks.fastapi.accounts.api.shapes import DONE, State
from buckler.frameworks.fastapi.accounts.depends import OwnerDep, VisitDep

router = APIRouter(route_class=ApiRoute, tags=["Places"])


@router.get("/devices")
async def list_devices(visit: VisitDep, person: OwnerDep) -> list[dict[str, Any]]:
    """Return where the person is signed in."""
    shown = [item._asdict() for item in await devices.listed(visit, person)]
    await visit.commit()  # rows of sessions that are gone go too
    return shown


@router.delete("/devices/{device_id}")
async def end_device(device_id: UUID, visit: VisitDep, person: OwnerDep) -> State:
    """Sign out one device. Asks for a fresh sign-in."""
    fresh.need(visit, person)
    await devices.revoke(visit, person, device_id)
    await visit.commit()
    return DONE


@router.delete("/devices")
async def end_devices(visit: VisitDep, person: OwnerDep, *, this_too: bool = False) -> State:
    """Sign out all other devices, or with `this_too` all. Asks for a fresh sign-in."""
    fresh.need(visit, person)
    await (devices.end_all if this_too else devices.revoke_others)(visit, person)
    await visit.commit()
    return DONE


@router.get("/browsers")
async def list_browsers(visit: VisitDep, person: OwnerDep) -> list[dict[str, Any]]:
    """Return the browsers that are not asked for a second factor."""
    return [item._asdict() for item in await browsers.listed(visit, person)]


@router.delete("/browsers/{browser_id}")
async def forget_browser(browser_id: UUID, visit: VisitDep, person: OwnerDep) -> State:
    """Trust a browser no more."""
    await browsers.forget(visit, person, browser_id)
    return DONE


@router.get("/links")
async def list_links(visit: VisitDep, person: OwnerDep) -> list[dict[str, Any]]:
    """Return the accounts at other providers that sign in here."""
    columns = ("id", "provider", "email", "created_at", "used_at")
    return [{name: getattr(item, name) for name in columns} for item in await links.listed(visit, person)]


@router.delete("/links/{link_id}")
async def remove_link(link_id: UUID, visit: VisitDep, person: OwnerDep) -> State:
    """Disconnect an account at another provider. Asks for a fresh sign-in; not the last way to sign in."""
    await links.remove(visit, person, link_id)
    await visit.commit()
    return DONE


@router.get("/activity")
async def recent_activity(visit: VisitDep, person: OwnerDep) -> list[dict[str, Any]]:
    """Return the newest lines of the person's security log."""
    return [item._asdict() for item in await activity.recent(visit, person)]
