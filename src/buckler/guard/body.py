"""Watches a body while it arrives: its size, its shape, its pace. Requests without a body never come here."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, Any

from buckler.core.marks import marks_of
from buckler.core.pace import Pace
from buckler.guard.refuse import event_of
from buckler.guard.routes import endpoint_of
from buckler.guard.shapes import shape_of
from buckler.protections.bodylimit import INCOMPLETE, TOO_LARGE, length
from buckler.protections.deadline import TOO_SLOW_BODY

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from buckler.core.answer import Refusal
    from buckler.core.request import Request
    from buckler.guard.plan import Plan

_GONE = {"type": "http.disconnect"}


class Body:
    """One body on its way. The application gets `receive`; when a limit is passed it hears that the client is gone, and the guard
    answers in its place. Refers to the request, which deliberately does not refer back: that would be a cycle."""

    __slots__ = ("_arrived_bytes", "_is_over", "_max_bytes", "_plan", "_receive", "_refused", "_request", "_root_path", "_scope", "_shape")

    def __init__(self, plan: Plan, scope: MutableMapping[str, Any], request: Request, receive: Any) -> None:
        self._plan, self._scope, self._request, self._receive = plan, scope, request, receive
        self._root_path = scope.get("root_path", "")
        self._arrived_bytes = 0
        self._max_bytes = request.max_body_bytes or plan.limits.max_body_bytes
        kind = b"," if b"content-type" in request.repeated else request.headers.get(b"content-type", b"")
        self._shape = shape_of(kind, plan.limits)
        self._is_over = self._refused = False
        if plan.limits.body_s is not None:
            request.pace = Pace(plan.limits.body_s)

    async def receive(self) -> Any:
        """Return the next message, or a disconnect once a limit is passed."""
        if self._refused:
            return _GONE
        if self._is_over:
            return await self._receive()  # the application waits for the client to leave, for as long as it likes
        message = await self._next()
        self._is_over = not message.get("more_body")
        piece = message.get("body", b"")
        found = self._judge(piece) if message["type"] != "http.disconnect" else self._broken_off()
        if found is not None:
            self._refuse(found)
            return _GONE
        pace = self._request.pace
        if pace is not None:
            pace.left_s += len(piece) / (self._plan.limits.min_body_bytes_per_s or len(piece) or 1)
        return message

    async def _next(self) -> Any:
        """Wait for the next message; the gates hear that this is the client's time."""
        request = self._request
        for tell in self._plan.paused:
            tell(request)
        try:
            return await (self._receive() if request.pace is None else self._receive_in_time(request.pace))
        finally:
            for tell in self._plan.resumed:
                tell(request)

    async def _receive_in_time(self, pace: Pace) -> Any:
        """Wait for the next message; the guard's one timer cancels the wait when the time is over."""
        began_s = monotonic()
        pace.due_s, pace.reader = began_s + pace.left_s, asyncio.current_task()
        try:
            return await self._receive()
        except asyncio.CancelledError:
            if not pace.is_late or pace.reader is None:
                raise  # somebody else's cancellation
            pace.reader.uncancel()
            self._refuse(TOO_SLOW_BODY)
            return _GONE
        finally:
            pace.reader, pace.read_s = None, monotonic()
            pace.left_s -= pace.read_s - began_s

    def _judge(self, piece: bytes) -> Refusal | None:
        """Count; what only reports is told once and then counted no more."""
        self._arrived_bytes += len(piece)
        if piece and self._request.method == "GET":
            self._request.unkeyed = "its body"  # which no cache has in its key
        reported = self._plan.reported_limits
        if self._max_bytes is not None and self._arrived_bytes > self._max_bytes and self._arrived_bytes > self._own_limit():
            if "max_body_bytes" not in reported:
                return TOO_LARGE
            self._max_bytes = None
            self._report(TOO_LARGE)
        found = None if self._shape is None else self._shape.feed(piece, last=self._is_over)
        if found is not None and self._shape is not None and self._shape.limit in reported:
            self._shape = None
            self._report(found)
            return None
        return found

    def _broken_off(self) -> Refusal | None:
        """The client has left in the middle, or the server could not read on (granian says so of a malformed chunk, and still sends what
        the application answers). An application that takes the beginning for the whole must not be the one to answer."""
        if self._refused or self._max_bytes is None:
            return None  # it came too slowly, or nobody asked
        if "max_body_bytes" not in self._plan.reported_limits:
            return INCOMPLETE
        self._report(INCOMPLETE)
        return None

    def _own_limit(self) -> int:
        """The limit that the route's own mark names; 0 when it names none. Looked up once, when the general one is passed."""
        if self._request.max_body_bytes is None:
            endpoint = endpoint_of(self._plan.routes, self._scope, self._request.path, self._root_path)
            value = marks_of(endpoint).get(TOO_LARGE.mark or "")
            self._request.max_body_bytes = value if isinstance(value, int) else 0
            self._max_bytes = max(self._request.max_body_bytes, self._max_bytes or 0)
        return self._request.max_body_bytes

    def _report(self, what: Refusal) -> None:
        self._plan.events.append(event_of(what, self._request, self._plan.clock.now(), "report"))

    def _refuse(self, what: Refusal) -> None:
        self._refused = True
        if not self._request.started:
            self._request.refusal = what


def takes(request: Request, max_bytes: object) -> bool:
    """Whether a route that carries the mark `bodylimit` with `max_bytes` takes a request that declared more than the general limit."""
    if not isinstance(max_bytes, int) or length(request.headers.get(b"content-length", b"")) > max_bytes:
        return False
    request.max_body_bytes = max_bytes
    return True


async def peek(request: Request, receive: Any) -> Any:
    """Read up to `request.want_body_bytes` of the body into `request.body`; return a `receive` that gives it to the application again."""
    messages: list[Any] = []
    body = bytearray()
    while len(body) <= request.want_body_bytes:
        message = await receive()
        messages.append(message)
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    request.body = bytes(body)
    messages.reverse()

    async def receive_again() -> Any:
        return messages.pop() if messages else await receive()

    return receive_again
