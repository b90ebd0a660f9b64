"""Where every page is. One function a file adds its routes; the settings add theirs here too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from fastapi.routing import APIRoute

from buckler.frameworks.fastapi.accounts.depends import public
from buckler.frameworks.fastapi.accounts.pages import (
    addresses,
    confirm,
    mailbox,
    passkey,
    providers,
    reset,
    second,
    security,
    sign_in,
    sign_out,
    sign_up,
)
from buckler.frameworks.fastapi.accounts.pages.page import STATICS
from buckler.frameworks.fastapi.accounts.pages.statics import Statics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi import FastAPI

    from buckler.accounts.accounts import Accounts

_PARTS = (sign_in, second, sign_up, reset, addresses, confirm, sign_out, passkey, providers, mailbox, security)


def add_pages(app: FastAPI, accounts: Accounts, before: Sequence[Any] = ()) -> None:
    """Serve the pages, `before` each of which these dependencies run. Raises `ConfigError` for a template that says a text which there
    is not."""
    accounts.renderer.check()
    statics = Statics(accounts.folders, accounts.paths.static)
    setattr(app.state, STATICS, statics)
    files, router = APIRouter(include_in_schema=False), APIRouter(include_in_schema=False)
    everybody = public(because="style and script of the pages are the same for everybody")
    files.add_api_route(f"{accounts.paths.static}/{{digest}}/{{name}}", statics.answer, dependencies=[everybody])
    for part in _PARTS:
        part.add(router, accounts)
    for route in (*files.routes, *router.routes):
        if isinstance(route, APIRoute) and route.methods and "GET" in route.methods:
            route.methods.add("HEAD")  # RFC 9110, section 9.1: both, always
    app.include_router(files)
    app.include_router(router, dependencies=before)
