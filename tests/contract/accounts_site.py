"""Accounts as they are, and people whom the cases speak of: made once, and copied for every case."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from joserfc.jwk import ECKey
from pyotp import TOTP

from buckler.accounts.tokens import Tokens
from buckler.core.case import Place, Target, wanted
from buckler.core.play import Player, Witness
from buckler.frameworks.fastapi.accounts import add_accounts, join_accounts, public, requires
from buckler.testing import guarded
from tests.accounts.flows import signed_up, with_totp
from tests.accounts.stage import Stage, stage_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from buckler.core.case import Case, Transcript

ROLES = {"everybody": ["articles:read", "articles:write"]}
PEOPLE = {
    "email": "mira@mail.example",
    "password": "walk the quiet harbour at dawn",
    "careful_email": "noor@mail.example",
    "careful_password": "four herons and a rusted anchor",
    "own_email": "eve@mail.example",
    "own_password": "the lighthouse keeper reads twice",
    "stranger": "sami@mail.example",
}
PATHS: dict[str, str] = {
    Place.PAGE: "/",
    Place.PRIVATE: "/articles",
    Place.WRITE: "/articles",
    Place.SIGN_IN_PAGE: "/account/sign-in",
    Place.SIGN_OUT_PAGE: "/account/sign-out",
    Place.API_SIGN_IN: "/account/api/sign-in",
    Place.API_SECOND: "/account/api/sign-in/second",
    Place.API_SIGN_OUT: "/account/api/sign-out",
    Place.API_SIGN_UP: "/account/api/sign-up",
    Place.API_SIGN_UP_FINISH: "/account/api/sign-up/finish",
    Place.API_RESET: "/account/api/reset",
    Place.API_RESET_FINISH: "/account/api/reset/finish",
    Place.API_CONFIRM: "/account/api/confirm",
    Place.API_PASSWORD: "/account/api/password",
    Place.API_EMAIL: "/account/api/email",
    Place.API_EMAIL_FINISH: "/account/api/email/finish",
    Place.API_TOKENS: "/account/api/tokens",
    Place.API_PROGRAMS: "/account/api/programs",
    Place.API_REFRESH: "/account/api/programs/refresh",
    Place.API_PROGRAM_OUT: "/account/api/programs/sign-out",
    Place.API_DEVICES: "/account/api/devices",
    Place.API_LEAVE: "/account/api/me",
}
_KEY = ECKey.generate_key("P-256")
PRIVATE_KEY, PUBLIC_KEY = _KEY.as_pem(private=True).decode(), _KEY.as_pem(private=False).decode()
_LATER_S = 86_400.0  # whatever making the people has used up has grown back


def application(stage: Stage) -> FastAPI:
    """An application with accounts, and two routes of its own."""
    app = FastAPI()
    add_accounts(app, stage.accounts)

    @app.get("/", dependencies=[public(because="it is the front page")])
    async def front() -> str:
        return "hello"

    @app.get("/articles", dependencies=[requires("articles:read")])
    async def read() -> str:
        return "yours"

    @app.post("/articles", dependencies=[requires("articles:write")])
    async def write() -> str:
        return "written"

    return app


async def _people(folder: Path) -> str:
    """Make the people, and return the seed of the careful one's authenticator app."""
    async with stage_at(folder, roles=ROLES) as stage:
        for name in ("", "own_", "careful_"):
            browser = stage.browser("192.0.2.1")
            await signed_up(stage, browser, PEOPLE[f"{name}email"], PEOPLE[f"{name}password"])
        seed: str = (await with_totp(browser)).secret
        return seed


class Ground:
    """Where cases are played."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._played = folder / "made", 0
        self._folder.mkdir()
        self._seed = asyncio.run(_people(self._folder))
        self._app: Any = None

    @asynccontextmanager
    async def _stage(self, case: Case, options: dict[str, Any]) -> AsyncIterator[Stage]:
        self._played += 1
        folder = self._folder.parent / str(self._played)
        shutil.copytree(self._folder, folder)
        tokens = Tokens(signing_keys=[PRIVATE_KEY] if "public_key" in wanted(case) else [])
        async with stage_at(folder, fresh=False, roles=ROLES, tokens=tokens, **options) as stage:
            stage.clock.move(_LATER_S)
            yield stage

    async def play(self, case: Case, **options: Any) -> Transcript:
        """Play `case` on accounts as they are, or with `options` of theirs, behind a guard with everything on."""
        async with self._stage(case, options) as stage:
            if self._app is None:
                self._app = application(stage)
            join_accounts(self._app, stage.accounts)  # the same routes on other people, which is quicker than making fifty of them anew
            witness = Witness(self._app)
            guard = guarded(witness, clock=stage.clock, store=stage.store, **dict(case.site))
            code = TOTP(self._seed)

            async def newest() -> str:
                return await stage.token()

            async def now() -> str:
                return code.at(int(stage.clock.now()))

            target = Target(paths=PATHS, fills={**PEOPLE, "link": newest, "code": now, "public_key": PUBLIC_KEY})
            assert target.plays(case)
            return await Player(guard, witness, target, stage.clock).play(case)
