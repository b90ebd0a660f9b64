"""What the guard's one pass asks of the cache: serve what is kept, prepare the application's turn, hear of what changes state."""

from __future__ import annotations

import asyncio
from contextvars import Context
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from buckler.cache.encodings import chosen, makers
from buckler.cache.flights import Flights, Work
from buckler.core.directives import joined
from buckler.core.request import SAFE_METHODS
from buckler.core.taint import PLAIN, asks_who, is_watched, watched
from buckler.errors import StoreError
from buckler.guard.cache.keys import key_of, named
from buckler.guard.cache.replies import hit
from buckler.guard.cache.shared import OWN_FIELDS, Shared, group_tags
from buckler.guard.cache.turn import Turn
from buckler.guard.dress import send_exactly

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from buckler.core.headers import Header
    from buckler.core.request import Request
    from buckler.core.site import Site
    from buckler.guard.cache.stored import Stored
    from buckler.guard.plan import Plan
    from buckler.protections.cache import Cache

_READS = frozenset({"GET", "HEAD"})
_CONDITIONS = frozenset({b"if-none-match", b"if-modified-since", b"if-range", b"range"})
_CHANGED = range(200, 400)  # RFC 9111, section 4.4: an answer that is no error


class HTTPCache(Shared):
    """The cache, with the application behind it. `bind` is called once, by the guard that it belongs to."""

    def __init__(self, options: Cache, site: Site) -> None:
        super().__init__(options, site)
        self.flights = Flights("page", self.store, clock=site.clock, events=site.events)
        self._app: Any = None
        self._dressing: Callable[[Request, Any], Any]
        self._watched: frozenset[bytes] = frozenset()
        self._packing: set[Stored] = set()

    def bind(self, plan: Plan, app: Any, dressing: Callable[[Request, Any], Any]) -> None:
        """Name the application, and what dresses its answers: for answers that are renewed in the background."""
        self.plan, self._app, self._dressing = plan, app, dressing
        self._watched = plan.watched - OWN_FIELDS

    # ---- an answer from the cache

    def kept(self, scope: MutableMapping[str, Any], request: Request, send: Any) -> Awaitable[None] | None:
        """Return what sends a kept answer, or None where there is none at hand."""
        if not self.busy or request.method not in _READS:
            return None
        stored = self.look(request)
        return None if stored is None else self.serve(stored, scope, request, send)

    async def serve(self, stored: Stored, scope: MutableMapping[str, Any], request: Request, send: Any) -> None:
        """Answer with what is kept; where it is stale, have it renewed meanwhile."""
        now_s = self.now()
        reply = hit(stored, request, now_s)
        if stored.left(now_s) <= 0:
            self._renew(stored, scope, request)
        if stored.packs and b"accept-encoding" in request.headers:
            self._pack(stored, request.headers[b"accept-encoding"])
        request.started = True
        head: dict[str, Any] = {"type": "http.response.start", "status": reply.status, "headers": reply.headers}
        if request.touched or not self._is_plain(stored):
            await send_exactly(self.plan, request, head, send)
            if request.refusal is not None:
                return
        else:
            reply.headers.extend(self.plan.constant)
            await send(head)
        await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else reply.body})

    def _pack(self, stored: Stored, accepted: bytes) -> None:
        """Have the body made in the coding that this visitor likes best, in a thread; the next one gets it."""
        coding = chosen(accepted, tuple(makers()))
        if not coding or coding in stored.packed or stored in self._packing:
            return
        self._packing.add(stored)
        work = asyncio.get_running_loop().run_in_executor(None, makers()[coding], stored.body)

        def packed(done: asyncio.Future[bytes]) -> None:
            self._packing.discard(stored)
            if done.cancelled() or done.exception() is not None or len(done.result()) >= len(stored.body):
                stored.packs = False
            else:
                stored.packed[coding] = done.result()

        work.add_done_callback(packed)

    def _is_plain(self, stored: Stored) -> bool:
        """Whether no protection has anything to say about its fields but to add the constant ones."""
        if stored.is_plain is None:
            stored.is_plain = self._watched.isdisjoint(name for name, _ in stored.headers)
        return stored.is_plain

    def _renew(self, stored: Stored, scope: MutableMapping[str, Any], request: Request) -> None:
        """Ask the application in the background, as nobody in particular: without the visitor's cookies and context."""
        needed = {name for name, value in stored.headers if name == b"vary" for name in value.lower().replace(b" ", b"").split(b",")}
        headers = [
            (name, bytes(value)) for name, value in scope["headers"] if name not in _CONDITIONS and (name in needed or not asks_who(name))
        ]
        copy = {**scope, "method": "GET", "headers": headers, "state": dict(scope.get("state") or {})}
        copy.pop("buckler", None)
        key = key_of(request)

        async def make() -> None:
            await self._ask(copy, key, stored)

        self.flights.start(key, Work(make, about="cache", context=Context()))

    async def _ask(self, scope: dict[str, Any], key: str, stored: Stored) -> None:
        request = self.plan.read(scope)
        turn = request.turn = Turn(self, key)
        turn.stale, turn.why = stored, b"stale"
        self.prepare(scope, request, _nowhere)
        scope["buckler"] = request
        try:
            await self._app(scope, _nothing_more, self._dressing(request, _nowhere))
        finally:
            turn.end()

    # ---- the application's turn

    def prepare(self, scope: MutableMapping[str, Any], request: Request, send: Any) -> Any:
        """Return the `send` for the application's answer. Its looks at callers' headers are noticed, and it is asked whether what is kept
        is still right."""
        if request.method not in SAFE_METHODS:
            return self._hearing(request, send)
        request.moment = self.shelf.moment() if self.busy else self.calm
        turn, headers = request.turn, request.headers
        if turn is not None and turn.stale is not None and turn.stale.has_validator and request.method == "GET":
            scope["headers"] = conditional(scope["headers"], turn.stale)
            turn.asked = True
        if not PLAIN.issuperset(headers) and any(map(is_watched, headers)):
            scope["headers"] = watched(scope["headers"], request)
        return send

    # ---- what changes state

    def _hearing(self, request: Request, send: Any) -> Any:
        """Return a `send` that forgets what an answer to an unsafe method has made out of date, before anybody hears of the answer."""

        async def send_heard(message: Any) -> None:
            if message["type"] == "http.response.start" and message["status"] in _CHANGED:
                await self._forget(request, [(name.lower(), value) for name, value in message.get("headers", ())])
            await send(message)

        return send_heard

    async def _forget(self, request: Request, headers: list[Header]) -> None:
        key = key_of(request)
        keys = [key, *(other for name in (b"location", b"content-location") if (other := linked(request, joined(headers, name))))]
        tags = group_tags(key, joined(headers, b"cache-group-invalidation"))
        try:
            await self.drop(*keys)
            if tags:
                await self.purge(*tags)
        except StoreError as failure:  # gone here; elsewhere it stays until its time is over
            self.tell(request, f"other processes have not heard of the change: {failure}")


def conditional(headers: list[Header], stale: Stored) -> list[Header]:
    """Return the request's headers with our condition in place of the visitor's (RFC 9111, section 4.3.1)."""
    asked = [(bytes(name), value) for name, value in headers if name not in _CONDITIONS]
    if stale.etag and not stale.own_etag:
        asked.append((b"if-none-match", stale.etag))
    modified = joined(stale.headers, b"last-modified")
    return [*asked, (b"if-modified-since", modified)] if modified else asked


def linked(request: Request, location: bytes) -> str:
    """Return the key of an address of this origin that an answer has named; "" for others: a site speaks for itself alone."""
    if not location:
        return ""
    here = f"{request.scheme}://{request.authority}{(request.raw_path or request.path.encode()).decode('latin-1')}"
    try:
        there = urlsplit(urljoin(here, location.decode("latin-1")))
    except ValueError:
        return ""
    if (there.scheme, there.netloc.lower()) != (request.scheme, request.authority):
        return ""
    path = there.path or "/"
    return named(request, path, there.query)


async def _nothing_more() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _nowhere(_: Any) -> None:
    return
