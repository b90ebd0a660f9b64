"""Authenticator apps that are enrolled as a person enrols them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyotp import TOTP
from sqlalchemy import select

from buckler.accounts import totp
from buckler.accounts.tables import Totp

if TYPE_CHECKING:
    from tests.accounts.stage import Browser, Stage


async def enrolled(stage: Stage, browser: Browser, name: str = "phone") -> TOTP:
    """An authenticator that counts; the code it was confirmed with is long past."""
    begun = await browser.own(totp.begin, name)
    app = TOTP(begun.secret)
    await browser.own(totp.confirm, begun.id, app.at(stage.clock.now()))
    stage.clock.move(90)
    return app


async def only_row(stage: Stage) -> Totp:
    async with stage.accounts.database() as db:
        return (await db.scalars(select(Totp))).one()
