"""A site whose only pages are those of accounts, and a front page: for tests of the pages, in process and in a browser.

`python -m uvicorn tests.account_site:app` reads from the environment: SITE_FOLDER (database and, without a mail server, letters),
SITE_SMTP_PORT, SITE_ISSUER, SITE_CLOCK (a file with the seconds by which the site's clock is ahead, so that a test can let time pass).
"""

from __future__ import annotations

import html
import os
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Body, Depends, FastAPI
from fastapi.responses import HTMLResponse
from pyotp import TOTP
from sqlalchemy import event
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from buckler import CSP, Guard
from buckler.accounts import passkeys, recovery, totp
from buckler.accounts.accounts import Accounts
from buckler.accounts.mail import SMTP, MailFolder
from buckler.accounts.passwords import CHEAPEST_FOR_TESTS, Passwords
from buckler.accounts.problems import AccountError, Problem
from buckler.accounts.profile import Field, NoProfile
from buckler.accounts.proof import SignedIn  # noqa: TC001  # FastAPI reads annotations at run time
from buckler.accounts.providers import Provider
from buckler.accounts.tables import METADATA
from buckler.accounts.throttle import Throttle
from buckler.accounts.tokens import Tokens
from buckler.frameworks.fastapi.accounts import PersonDep, VisitDep, add_accounts, fresh, maybe_signed_in, requires
from tests.calm import calm

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from buckler.accounts.visit import Visit

SECRET = "a secret of the tests: thirty-two bytes or more"
SCOPES = ["articles:read", "articles:write"]
ROLES = {"everybody": ["articles:*"]}
NO_NAME = Problem("shop.name_unfit", 422, "This is no name.", "A name has letters.")
PATIENT = Passwords(profile=CHEAPEST_FOR_TESTS, wait_s=60.0)  # nobody is told that it is busy: the machine may be
TAKEN = Problem("shop.name_taken", 409, "Somebody has this name.", "Choose another one.")


class AheadClock:
    """The machine's clock, ahead by as many seconds as stand in a file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def now(self) -> float:
        return time.time() + self._ahead_s()

    def monotonic(self) -> float:
        return time.monotonic() + self._ahead_s()

    def _ahead_s(self) -> float:
        return float(self._file.read_text()) if self._file.exists() else 0.0


class Named(NoProfile):
    """Asks for a name, and keeps nothing. `taken`: names that nobody can have any more."""

    taken: set[str]

    def __init__(self) -> None:
        self.taken = set()

    fields: Sequence[Field] = (Field("nickname", "Your name here", "nickname", 40, hint="Others see it."),)

    async def check(self, visit: Visit, given: Mapping[str, str]) -> None:
        if not any(map(str.isalpha, given["nickname"])):
            raise AccountError(NO_NAME, "nickname")
        if given["nickname"] in self.taken:
            raise AccountError(TAKEN, "nickname")


def database(folder: Path) -> Any:
    engine = create_async_engine(f"sqlite+aiosqlite:///{folder / 'people.db'}")

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", "busy_timeout=60000"):
            connection.execute(f"PRAGMA {pragma}")

    return engine


def make_site(folder: Path, **options: Any) -> tuple[FastAPI, Accounts]:
    """Return an application with accounts on SQLite in `folder`. Its lifespan makes the tables."""
    engine = database(folder)
    settings: dict[str, Any] = {"passwords": PATIENT, "profile": Named(), "roles": ROLES, **options}
    accounts = Accounts(
        database=async_sessionmaker(engine, expire_on_commit=False), name="Harbour Books", sender="accounts@harbour.example", **settings
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with engine.begin() as connection:
            await connection.run_sync(METADATA.create_all)
        yield
        await accounts.close()
        await engine.dispose()

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    add_accounts(app, accounts)

    @app.get("/", response_class=HTMLResponse)
    async def home(who: Annotated[SignedIn | None, Depends(maybe_signed_in)]) -> str:
        return said("Signed in" if who else "Signed out")

    @app.api_route("/danger", methods=["GET", "POST"], response_class=HTMLResponse, dependencies=[fresh(minutes=10)])
    async def danger(word: str = "") -> str:
        return said(f"Fresh enough {word}")

    @app.get("/articles", dependencies=[requires("articles:read")])
    async def articles() -> list[str]:
        return ["Of harbours"]

    add_factors(app)
    return app, accounts


def add_factors(app: FastAPI) -> None:
    """Factors without the pages of the settings, for tests of what comes before them."""

    @app.post("/totp")
    async def add_totp(visit: VisitDep, person: PersonDep) -> dict[str, Any]:
        """An authenticator app and recovery codes, without the settings."""
        begun = await totp.begin(visit, person)
        await totp.confirm(visit, person, begun.id, TOTP(begun.secret).at(visit.site.clock.now()))
        return {"secret": begun.secret, "codes": await recovery.make(visit, person)}

    @app.post("/key")
    async def add_key(visit: VisitDep, person: PersonDep) -> dict[str, Any]:
        """What a browser needs to make a security key."""
        return await passkeys.options_to_add(visit, person, passkey=False)

    @app.post("/key/answer")
    async def keep_key(visit: VisitDep, person: PersonDep, response: Annotated[dict[str, Any], Body()]) -> None:
        await passkeys.add(visit, person, response)


def said(text: str) -> str:
    return f'<!doctype html><html lang="en"><title>Home</title><main><h1>{html.escape(text)}</h1></main></html>'


def from_environment() -> Guard:
    folder = Path(os.environ["SITE_FOLDER"])
    port, issuer = os.environ.get("SITE_SMTP_PORT"), os.environ.get("SITE_ISSUER")
    post: Any = SMTP(host="127.0.0.1", port=int(port), security="insecure_none") if port else MailFolder(folder / "letters")
    known: dict[str, Any] = {"client_id": "books", "client_secret": "of the tests", "insecure_http_on_loopback": True}
    providers = [Provider(name="lighthouse", label="Lighthouse", issuer=issuer, **known)] if issuer else []
    app, _ = make_site(folder, post=post, providers=providers, throttle=Throttle(report_only=True), tokens=Tokens(scopes=SCOPES))
    clock: dict[str, Any] = {"clock": AheadClock(Path(os.environ["SITE_CLOCK"]))} if "SITE_CLOCK" in os.environ else {}
    return calm(Guard(app, CSP(trusted_types=True), hosts=["localhost", "127.0.0.1"], secrets=[SECRET], development=not port, **clock))


if "SITE_FOLDER" in os.environ:
    app = from_environment()
