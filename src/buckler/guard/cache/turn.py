"""One request's turn at the cache: what was found for it, and what becomes of the application's answer."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, cast

from buckler.core.directives import joined
from buckler.core.headers import add_vary, first
from buckler.guard.cache.replies import NAME, Reply, fresh_from_origin, hit
from buckler.guard.cache.rules import MADE_ANEW, Answered, Fresh, is_for_itself, updated_headers
from buckler.guard.cache.stored import Stored, make, renewed
from buckler.guard.dress import send_exactly

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, MutableMapping

    from buckler.cache.tags import Moment
    from buckler.core.headers import Header
    from buckler.core.request import Request
    from buckler.guard.cache.keep import Keep
    from buckler.guard.cache.serving import HTTPCache

Message = dict[str, Any]
_FAILED = 500
_FILES = frozenset({"http.response.pathsend", "http.response.zerocopysend"})  # extensions of ASGI by which a server sends a file


class Fate(Enum):
    """What becomes of the application's answer: it passes, it is kept, it renews what is kept, what is kept is sent in its place."""

    PASSES = 0
    KEPT = 1
    RENEWS = 2
    REPLACED = 3


class Turn:
    """Made when the cache has something to do with a request; ended with it. Only in between may it refer to the request."""

    __slots__ = (
        "answered",
        "asked",
        "began_s",
        "cache",
        "done",
        "fate",
        "fresh",
        "held",
        "instead",
        "keep",
        "key",
        "moment",
        "person",
        "pieces",
        "size_bytes",
        "stale",
        "why",
    )

    def __init__(self, cache: HTTPCache, key: str, moment: Moment | None = None) -> None:
        self.cache, self.key = cache, key
        self.began_s = cache.now()
        self.moment = moment or cache.shelf.moment()  # what changes from now on makes the answer out of date before it is kept
        self.keep: Keep | None = None  # what the route says
        self.person = ""  # whose answer it is, where the route says that it is one person's
        self.why = b"uri-miss"  # why the application is asked (RFC 9211, section 2.2)
        self.stale: Stored | None = None  # what is kept and may not be used as it is
        self.asked = False  # the application is asked whether that is still right
        self.instead: Stored | None = None  # what is sent in place of whatever the application says
        self.done: asyncio.Future[Stored | None] | None = None  # others wait for this answer
        self.fate = Fate.PASSES
        self.held: Message | None = None  # the head, until the body is here
        self.answered: Answered | None = None
        self.fresh: Fresh | None = None
        self.pieces: list[bytes] = []
        self.size_bytes = 0

    async def is_served(self, scope: MutableMapping[str, Any], request: Request, send: Any) -> bool:
        """Whether the answer came from the store, or from somebody who has just been given it."""
        found = await self.cache.later(request, self)
        if found is not None:
            await self.cache.serve(found, scope, request, send)
        return found is not None

    async def is_rescued(self, request: Request, send: Any) -> bool:
        """Whether an application that failed before it answered is answered for, by what is kept (RFC 5861, section 4)."""
        stale, now_s = self.stale, self.cache.now()
        if stale is None or stale.left(now_s) + stale.error_s <= 0:
            return False
        await self._send(request, hit(stale, request, now_s), send)
        return True

    def takes(self, request: Request, message: Message) -> bool:
        """Whether the head waits here for its body, or goes nowhere."""
        headers = [(name.lower(), value) for name, value in message["headers"]]
        self.fate = self._fate(request, int(message["status"]), headers)
        if self.fate is Fate.PASSES:
            self.settle(None)
            return False
        self.held = {**message, "headers": headers}
        request.started = False  # nothing has left: a handler that fails or comes too late now is still answered for
        return True

    def _fate(self, request: Request, status: int, headers: list[Header]) -> Fate:
        at_s, stale = self.cache.now(), self.stale
        if self.instead is not None:
            return Fate.REPLACED
        if stale is not None and status >= _FAILED and stale.left(at_s) + stale.error_s > 0:
            self.instead = stale  # RFC 5861, section 4
            return Fate.REPLACED
        if stale is not None and self.asked and status == 304:
            cookies = [item for item in headers if item[0] == b"set-cookie"]
            before = [item for item in stale.headers if item[0] != b"date"]
            status, headers, fate = stale.status, [*updated_headers(before, headers), *cookies], Fate.RENEWS
        else:
            fate = Fate.KEPT
            if self.keep is not None:
                tell_clients(self.keep, headers)
        self.answered = Answered(request, status, headers, at_s, at_s - self.began_s)
        verdict = self.cache.verdict(self.answered, self)
        if isinstance(verdict, str):
            self.cache.tell(request, verdict)
            if self.keep is not None and status not in {206, 304} and not is_for_itself(request):
                self.cache.unkept(self.key)
            return Fate.RENEWS if fate is Fate.RENEWS else Fate.PASSES
        self.fresh = verdict
        return fate

    def more(self, request: Request, message: Message, send: Any) -> Awaitable[None]:
        """Return what is to be awaited for a message that comes after the head."""
        if self.fate is not Fate.PASSES and message["type"] in _FILES:
            return self._let_go(request, message, send) if self.fate is Fate.KEPT else self._replaced(request, {}, send)
        if self.fate is Fate.PASSES or message["type"] != "http.response.body":
            return send(message)  # type: ignore[no-any-return]  # ASGI is untyped
        return self._kept(request, message, send) if self.fate is Fate.KEPT else self._replaced(request, message, send)

    async def _let_go(self, request: Request, message: Message, send: Any) -> None:
        """Keep nothing: the server reads the body from a file by itself."""
        self.fate = Fate.PASSES
        self.cache.tell(request, "it is a file that the server sends by itself")
        self.settle(None)
        if self.pieces or await self._begin(request, self._head(), send):
            await send(message)

    async def _kept(self, request: Request, message: Message, send: Any) -> None:
        """Pass the answer on, and keep a copy; whole where it came in one piece, so that it can be answered with a part or a 304."""
        piece, is_last = message.get("body", b""), not message.get("more_body")
        self.pieces.append(piece)
        self.size_bytes += len(piece)
        held = self.held
        if self.size_bytes > self.cache.options.max_entry_bytes:
            self.fate = Fate.PASSES
            self.cache.tell(request, "it is larger than max_entry_bytes")
            self.settle(None)
        elif is_last:
            await self._end(request, send if len(self.pieces) == 1 else None)
            if len(self.pieces) == 1:
                return
        if held is not None and len(self.pieces) == 1:
            held["headers"] = [*held["headers"], (b"cache-status", b"%b; fwd=%b" % (NAME, self.why))]
            await self._begin(request, held, send)
        if request.refusal is None:
            await send(message)

    async def _end(self, request: Request, send: Any) -> None:
        """The whole answer is here: keep it, and send it unless it has been sent."""
        answered, fresh = cast("Answered", self.answered), cast("Fresh", self.fresh)
        stored = self.cache.ready(make(answered, fresh, b"".join(self.pieces)))
        length = first(answered.headers, b"content-length")
        is_kept = length is None or request.method == "HEAD" or length.strip() == b"%d" % len(stored.body)
        late = self.cache.verdict(answered, self)  # once more: what was looked at while the body was written counts as well
        if isinstance(late, str):
            is_kept = False
            self.cache.tell(request, late)
        if is_kept:  # before it is sent: whoever reads it slowly holds up nobody else
            await self.cache.put(self, stored, fresh, joined(answered.headers, b"cache-groups"))
        self.settle(stored if is_kept and not self.person else None)
        if send is not None and not is_kept:
            self.fate = Fate.PASSES
            if await self._begin(request, self._head(), send):
                await send({"type": "http.response.body", "body": stored.body})
        elif send is not None:
            reply = fresh_from_origin(stored, request, self._status(b"; stored"))
            reply.headers.extend(item for item in answered.headers if item not in stored.headers and item[0] not in MADE_ANEW)
            await self._send(request, reply, send)

    async def _replaced(self, request: Request, message: Message, send: Any) -> None:
        """Send what is kept, with whatever a 304 has changed, when the application is done."""
        if message.get("more_body"):
            return
        if self.instead is not None:
            self.settle(self.instead)
            await self._send(request, hit(self.instead, request, self.cache.now()), send)
            return
        answered, fresh = cast("Answered", self.answered), self.fresh
        stored = renewed(cast("Stored", self.stale), answered, fresh)
        reply = fresh_from_origin(stored, request, self._status(b"; fwd-status=304"))
        reply.headers.extend(item for item in answered.headers if item[0] == b"set-cookie")
        if fresh is not None:
            await self.cache.put(self, stored, fresh, joined(answered.headers, b"cache-groups"))
        self.settle(stored if fresh is not None and not self.person else None)
        await self._send(request, reply, send)

    async def _send(self, request: Request, reply: Reply, send: Any) -> None:
        head = {**self._head(), "status": reply.status, "headers": reply.headers}
        if await self._begin(request, head, send):
            await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else reply.body})

    async def _begin(self, request: Request, head: Message, send: Any) -> bool:
        """Send the head; return whether a body is to follow: not where a dresser has refused it."""
        request.started = True
        await send_exactly(self.cache.plan, request, head, send)
        return request.refusal is None

    def _head(self) -> Message:
        return self.held or {"type": "http.response.start"}

    def _status(self, ending: bytes) -> bytes:
        return b"%b; fwd=%b%b" % (NAME, self.why, ending)

    def settle(self, stored: Stored | None) -> None:
        """Tell those who wait: here it is, or (None) each for himself."""
        done, self.done = self.done, None
        if done is not None:
            self.cache.leading.pop(self.key, None)
            done.set_result(stored)

    def end(self) -> None:
        """The request is over, however it ended."""
        self.settle(None)
        self.answered = self.held = None
        self.pieces = []


def tell_clients(keep: Keep, headers: list[Header]) -> None:
    """Say how long a browser may use it, where the route's handler has not: by default it asks each time, which costs a 304 from here.
    And by which headers it varies."""
    if keep.vary:
        add_vary(headers, *keep.vary)
    if not any(name == b"cache-control" for name, _ in headers):
        said = b"public, max-age=%d" % keep.client_ttl_s if keep.client_ttl_s else b"no-cache"
        headers.append((b"cache-control", b"private, no-cache" if keep.scope == "person" else said))
