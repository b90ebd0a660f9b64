"""A site with accounts, on a real guard, and browsers that visit it. An act runs inside a request, as it does in an application."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import httpx
from sqlalchemy import event, select
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine

from buckler.accounts import people
from buckler.accounts.accounts import Accounts
from buckler.accounts.passwords import CHEAPEST_FOR_TESTS, Passwords
from buckler.accounts.tables import METADATA, Entry, Person
from buckler.accounts.visit import Visit
from buckler.core.clock import HandClock
from buckler.stores.memory import Memory
from buckler.testing import guarded
from tests.calm import calm

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from email.message import EmailMessage
    from pathlib import Path

T = TypeVar("T")
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PASSWORD = "walk the quiet harbour at dawn"
OTHER = "nine lamps above the empty station"
EMAIL = "mira@mail.example"
PATIENT = Passwords(profile=CHEAPEST_FOR_TESTS, wait_s=60.0)  # nobody is told that it is busy: the machine may be
_TOKEN = re.compile(r"https?://\S+")


class Postbox:
    """Takes letters in place of a mail server."""

    def __init__(self) -> None:
        self.sent: list[EmailMessage] = []

    async def send(self, message: EmailMessage) -> None:
        self.sent.append(message)

    async def close(self) -> None: ...


class Stage:
    def __init__(self, engine: AsyncEngine, **options: Any) -> None:
        self.engine, self.clock, self.postbox = engine, HandClock(), Postbox()
        self.store = Memory(clock=self.clock)
        settings: dict[str, Any] = {"passwords": PATIENT, **options}
        self.accounts = Accounts(
            database=async_sessionmaker(engine, expire_on_commit=False),
            name="Shop",
            sender="accounts@shop.example",
            post=self.postbox,
            **settings,
        )
        self._acts: dict[str, Callable[[Visit], Awaitable[Any]]] = {}
        self._ends: dict[str, Any] = {}
        self.guard = calm(guarded(self._run, clock=self.clock, store=self.store))
        self._browsers: list[httpx.AsyncClient] = []

    async def _run(self, scope: Any, receive: Any, send: Any) -> None:
        name = scope["path"]
        async with self.accounts.database() as db:
            try:
                self._ends[name] = (await self._acts[name](Visit(self.accounts, scope["buckler"], db)), None)
            except Exception as error:  # noqa: BLE001  # raised again where the act was asked for
                self._ends[name] = (None, error)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    def browser(self, address: str = "203.0.113.7", agent: str = FIREFOX) -> Browser:
        transport = httpx.ASGITransport(self.guard, client=(address, 50_000))
        headers = {"sec-fetch-site": "same-origin", "user-agent": agent}
        client = httpx.AsyncClient(transport=transport, base_url="https://shop.example", headers=headers)
        self._browsers.append(client)
        return Browser(self, client)

    async def letters(self, kind: str = "") -> list[EmailMessage]:
        """All letters that were sent until now."""
        await self.accounts.outbox.drain(60)
        return [letter for letter in self.postbox.sent if kind in letter.get("X-Letter", "")]

    async def token(self) -> str:
        """The token of the link in the newest letter."""
        part = (await self.letters())[-1].get_body(("plain",))
        assert part is not None
        text: str = part.get_content()
        links = [link for link in _TOKEN.findall(text) if "token=" in link]
        return str(parse_qs(urlsplit(links[0]).query)["token"][0])

    async def person(self, email: str = EMAIL) -> Person:
        async with self.accounts.database() as db:
            return (await db.scalars(select(Person).where(Person.email == email))).one()

    async def log(self) -> list[str]:
        """The kinds of all lines of the security log, in order."""
        async with self.accounts.database() as db:
            return list(await db.scalars(select(Entry.kind).order_by(Entry.at)))

    def events(self) -> list[str]:
        """The kinds of all events since the last call."""
        return [item.kind for item in self.guard.plan.site.events.drain()]

    async def close(self) -> None:
        for client in self._browsers:
            await client.aclose()
        await self.accounts.close()


class Browser:
    """Keeps its cookies from one act to the next."""

    def __init__(self, stage: Stage, client: httpx.AsyncClient) -> None:
        self.stage, self.client = stage, client

    async def do(self, act: Callable[[Visit], Awaitable[T]]) -> T:
        """Run `act` in a request of this browser; what it raised is raised here."""
        name = f"/act/{id(act)}"
        self.stage._acts[name] = act
        answer = await self.client.post(name)
        end = self.stage._ends.pop(name, None)
        assert end is not None, answer.text
        result, error = end
        if error is not None:
            raise error
        found: T = result
        return found

    async def call(self, flow: Callable[..., Awaitable[T]], *given: Any, **named: Any) -> T:
        """Run `flow(visit, *given)`."""
        return await self.do(lambda visit: flow(visit, *given, **named))

    async def own(self, flow: Callable[..., Awaitable[T]], *given: Any, **named: Any) -> T:
        """Run `flow(visit, person, *given)` for the person who is signed in here."""

        async def act(visit: Visit) -> T:
            person = await people.of_session(visit)
            assert person is not None, "nobody is signed in here"
            return await flow(visit, person, *given, **named)

        return await self.do(act)


@asynccontextmanager
async def stage_at(folder: Path, *, fresh: bool = True, **options: Any) -> AsyncIterator[Stage]:
    """Lend a stage on SQLite in `folder`; with `fresh=False` on the tables that are there."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{folder / 'people.db'}")

    @event.listens_for(engine.sync_engine, "connect")
    def _pragmas(connection: Any, _record: object) -> None:
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", "busy_timeout=60000"):
            connection.execute(f"PRAGMA {pragma}")

    async with staged(engine, fresh=fresh, **options) as stage:
        yield stage


@asynccontextmanager
async def staged(engine: AsyncEngine, *, fresh: bool = True, **options: Any) -> AsyncIterator[Stage]:
    """Lend a stage on `engine`, with `fresh` tables."""
    async with engine.begin() as connection:
        if fresh:
            await connection.run_sync(METADATA.drop_all)
        await connection.run_sync(METADATA.create_all)
    stage = Stage(engine, **options)
    try:
        yield stage
    finally:
        await stage.close()
        await engine.dispose()
