"""A site with one page, whose handler each visit brings along, and browsers that keep their session cookie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from buckler.core.clock import HandClock
from buckler.errors import StoreError
from buckler.guard import Guard
from buckler.protections.sessions import Session, Sessions
from buckler.stores.memory import Memory
from buckler.testing import SECRET, only
from tests.asgi import Wire, scope_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from buckler.core.store import Op, Reply


class Spy(Memory):
    def __init__(self, clock: HandClock) -> None:
        super().__init__(clock=clock)
        self.asked: list[Op] = []
        self.trips = 0
        self.down = False

    def at_once(self, ops: list[Op]) -> list[Reply]:
        self.asked += ops
        self.trips += 1
        if self.down:
            raise StoreError("down")
        return super().at_once(ops)


class Place:
    """A site with one page, whose handler each visit brings along, and browsers that keep their one cookie."""

    def __init__(self, *secrets: str, store: Spy | None = None, clock: HandClock | None = None, **options: Any) -> None:
        self.clock = clock or HandClock()
        self.store = store or Spy(self.clock)
        self.act: Callable[[Session], object] = lambda _: None
        self.late: Callable[[Session], object] | None = None
        self.opens = True
        self.headers: list[tuple[bytes, bytes]] = []
        self.request: Any = None
        self.jars: dict[str, str] = {}
        facts: dict[str, Any] = {"hosts": ["shop.example"], "secrets": secrets or [SECRET], "store": self.store, "clock": self.clock}
        self.guard = Guard(self._app, *only(Sessions(**options)), **facts)
        self.registry = self.guard.plan.site.offers["sessions"]

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        self.request = request = scope["buckler"]
        if self.opens:
            self.act(self.registry.open(request))
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2"), *self.headers]})
        if self.late is not None:
            self.late(self.registry.open(request))
        await send({"type": "http.response.body", "body": b"ok"})

    async def visit(self, act: Callable[[Session], object] = lambda _: None, *, jar: str = "mira", **changes: Any) -> Wire:
        self.act = act
        wire = Wire()
        cookie = self.jars.get(jar)
        headers = ((b"cookie", f"a=1; __Host-session={cookie}".encode()),) if cookie else ()
        await self.guard(scope_of("/", "GET", *headers, **changes), wire.receive, wire.send)
        for name, value in wire.sent[0].get("headers", ()):
            if name == b"set-cookie":
                self.jars[jar] = value.decode().partition(";")[0].partition("=")[2]
        return wire

    async def person(self, jar: str = "mira") -> str | None:
        found: list[str | None] = []
        await self.visit(lambda session: found.append(session.person), jar=jar)
        return found[0]


def sign_in(session: Session) -> None:
    session.sign_in("mira")


def in_turn(*acts: Callable[[Session], object]) -> Callable[[Session], None]:
    def act(session: Session) -> None:
        for one in acts:
            one(session)

    return act
