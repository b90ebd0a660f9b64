"""The settings: how somebody signs in, where they are signed in, and what they leave with. All of it by session alone, never by token.

What changes how somebody signs in asks for a fresh sign-in: already the page with the form does, so that nobody fills in one for nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.frameworks.fastapi.accounts.pages.security import (
    activity,
    browsers,
    data,
    devices,
    email,
    links,
    overview,
    passkeys,
    password,
    programs,
    recovery,
    tokens,
    totp,
)

if TYPE_CHECKING:
    from fastapi import APIRouter

    from buckler.accounts.accounts import Accounts

_PARTS = (overview, email, password, passkeys, totp, recovery, links, devices, browsers, tokens, programs, activity, data)


def add(router: APIRouter, accounts: Accounts) -> None:
    """Add the routes of all settings."""
    for part in _PARTS:
        part.add(router, accounts)
