"""One process of a site on a shared store, with every protection on: it signs in whoever posts, and says who is there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from buckler.core.sign import fingerprint
from buckler.core.store import Get
from buckler.guard import Guard
from buckler.stores.local import Local
from buckler.testing import SECRET
from tests.asgi import Wire, scope_of
from tests.calm import calm
from tests.stores.load import answered
from tests.stores.patience import HANGS_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from buckler.core.store import Op, Store
    from buckler.protections.sessions.registry import Registry


class Machine:
    def __init__(self, store: Store) -> None:
        self.guard = calm(Guard(self._app, hosts=["shop.example"], secrets=[SECRET], store=store))
        self._visits = 0
        self.store = self.guard.plan.site.store
        self.registry: Registry = self.guard.plan.site.offers["sessions"]

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        session = self.registry.open(scope["buckler"])
        if scope["method"] == "POST":
            session.sign_in("mira")
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": (session.person or "nobody").encode()})

    async def sign_in(self) -> str:
        """Return the session's cookie."""
        async with asyncio.timeout(HANGS_S):
            while not (cookie := await self.try_to_sign_in()):  # noqa: ASYNC110  # nobody tells when
                await asyncio.sleep(0.01)
            return cookie

    async def try_to_sign_in(self) -> str:
        """Return the session's cookie, or nothing where that is refused because the store is down."""
        wire = await self._visit("POST", (b"sec-fetch-site", b"same-origin"))
        if wire.status == 503:
            return ""
        assert wire.status == 200, wire.sent
        return wire.headers[b"set-cookie"].decode().partition(";")[0].partition("=")[2]

    async def who(self, cookie: str) -> str:
        """Return who the page greets, or the status of a refusal."""
        wire = await self._visit("GET", (b"cookie", f"__Host-session={cookie}".encode()))
        return wire.body.decode() if wire.status == 200 else str(wire.status)

    async def _visit(self, method: str, *headers: tuple[bytes, bytes]) -> Wire:
        wire = Wire()
        self._visits += 1  # from another address each time: nobody floods
        client = (f"203.{self._visits >> 16 & 255}.{self._visits >> 8 & 255}.{self._visits & 255}", 50_000)
        await self.guard(scope_of("/", method, *headers, client=client), wire.receive, wire.send)
        return wire

    async def listening(self) -> None:
        """Wait until it is told of changes: the first batch begins that."""
        await answered(self.store, Get("nothing"))
        await eventually(lambda: self.local.at_once([]) is not None)

    @property
    def local(self) -> Local:
        assert isinstance(self.store, Local)
        return self.store

    def knows(self, cookie: str) -> bool:
        """Whether a visit with this cookie costs no round trip."""
        asked: list[Op] | None = self.registry.ask(cookie.encode())
        assert asked is not None
        return self.local.at_once(asked) is not None

    async def learn(self, cookie: str) -> None:
        """Visit until it is known: the push of the sign-in itself may still be on its way."""
        async with asyncio.timeout(HANGS_S):
            while not self.knows(cookie):
                assert await self.who(cookie) == "mira"

    async def served(self, cookie: str) -> str:
        """Visit until there is no refusal: the store is back, and the breaker has tried it. Returns who was greeted."""
        async with asyncio.timeout(HANGS_S):
            while (who := await self.who(cookie)) == "503":  # noqa: ASYNC110  # nobody tells when
                await asyncio.sleep(0.01)
            return who


def handle_of(cookie: str) -> str:
    return fingerprint(cookie.encode())


async def eventually(true: Callable[[], object]) -> None:
    async with asyncio.timeout(HANGS_S):
        while not true():  # noqa: ASYNC110  # nobody tells when a server, or another process, has done it
            await asyncio.sleep(0.002)
