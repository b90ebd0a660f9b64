"""Records what the application answers, once, and gives it again behind any guard: a handler's own noise is hundreds of
microseconds, and would hide the one microsecond that is looked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from buckler.balance.stage import Served
from buckler.core.case import Ask, Place
from buckler.core.play import Player, Witness
from buckler.core.store import Able, Reach
from buckler.stores.memory import Memory

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from buckler.balance.stage import Stage
    from buckler.core.store import Op, Reply

_SAME_ORIGIN = (("sec-fetch-site", "same-origin"), ("origin", "https://{host}"))
_BROWSER = (
    ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("sec-fetch-dest", "document"),
    ("sec-fetch-mode", "navigate"),
    ("sec-fetch-user", "?1"),
    ("upgrade-insecure-requests", "1"),
    ("priority", "u=0, i"),
)
_SIGN_IN = Ask(at=Place.SIGN_IN, method="POST", headers=_SAME_ORIGIN)
_WRITES = (Place.WRITE, Place.SIGN_IN, Place.UPLOAD)


class Kind(StrEnum):
    """What an ordinary request does. Costs are told for each kind, because protections differ in which of them they look at."""

    PAGE = "page"  # read by anybody
    SIGNED_IN = "signed in"  # read by a person with a session
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class Route:
    """One kind of ordinary request, as a browser sends it."""

    name: str
    kind: Kind
    ask: Ask
    signed_in: bool = False


def routes_of(stage: Stage) -> list[Route]:
    """Return the routes to weigh: the pages of the target, read by anybody; its private page, signed in; its actions."""
    paths = stage.target.paths
    pages = [paths[Place.PAGE]] if Place.PAGE in paths else []
    headers = (*_BROWSER, ("sec-fetch-site", "none"))
    routes = [Route(f"GET {path}", Kind.PAGE, Ask(at=path, headers=headers)) for path in dict.fromkeys([*pages, *stage.target.pages])]
    if Place.PRIVATE in paths and Place.SIGN_IN in paths:
        routes.append(Route(f"GET {paths[Place.PRIVATE]}", Kind.SIGNED_IN, Ask(at=Place.PRIVATE, headers=headers), signed_in=True))
    for place in _WRITES:
        if place in paths:
            signed_in = place != Place.SIGN_IN and Place.SIGN_IN in paths
            body = b"" if place == Place.SIGN_IN else b"text=hello"
            ask = Ask(at=place, method="POST", headers=(*_BROWSER, *_SAME_ORIGIN), body=body)
            routes.append(Route(f"POST {paths[place]}", Kind.WRITE, ask, signed_in=signed_in))
    return routes


@dataclass(slots=True)
class Recording:
    """One exchange. `ops` is what the store was told before it, so that another store can be brought to the same state."""

    scope: dict[str, Any] = field(default_factory=dict)
    body: bytes = b""
    messages: list[dict[str, Any]] = field(default_factory=list)
    ops: list[Op] = field(default_factory=list)
    nonce: bool = False
    touched: bool = False
    used_session: bool = False

    @property
    def status(self) -> int:
        """The status of the answer; 500 when there was none."""
        return next((item["status"] for item in self.messages if "status" in item), 500)

    async def play(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """Be the application: what the recorded one did with the guard's request, this one does too."""
        request = scope.get("buckler")
        if request is not None:
            if self.nonce:
                _ = request.nonce
            if self.touched:
                request.touched = True
            if self.used_session and request.session is not None:
                request.session.used = True
        if self.body:
            while (await receive()).get("more_body"):
                pass
        for message in self.messages:
            await send({**message})


async def record(stage: Stage, route: Route, clock: Any) -> Recording:
    """Ask the real application for `route` once, with all its protections on."""
    kept = Recording(body=route.ask.body or (stage.target.sign_in_body if route.ask.at == Place.SIGN_IN else b""))
    witness = Witness(_Tape(stage, kept))
    store = _Remembering(Memory(clock=clock))
    player = Player(Served(stage.guard(stage.names, witness, clock=clock, store=store)), witness, stage.target, clock)
    if route.signed_in:
        await player.ask(_SIGN_IN)
    kept.ops = list(store.ops)
    kept.scope = {}
    await player.ask(route.ask)
    return kept


class _Tape:
    """Writes the last exchange of the application down."""

    def __init__(self, stage: Stage, kept: Recording) -> None:
        self._stage, self._kept = stage, kept

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        kept, request = self._kept, scope.get("buckler")
        kept.scope, kept.messages = {name: value for name, value in scope.items() if name != "buckler"}, []

        async def noted(message: Any) -> None:
            kept.messages.append({**message})
            await send(message)

        await self._stage.app(scope, receive, noted)
        if request is not None:
            kept.nonce, kept.touched = request.has_nonce, request.touched
            kept.used_session = bool(getattr(request.session, "used", False))


class _Remembering:
    """A store that remembers what it was told."""

    able = Able(Reach.PROCESS)

    def __init__(self, store: Memory) -> None:
        self._store = store
        self.ops: list[Op] = []

    async def batch(self, ops: list[Op]) -> list[Reply]:
        """Pass them on."""
        self.ops += ops
        return await self._store.batch(ops)

    async def close(self) -> None:
        """Pass it on."""
        await self._store.close()
