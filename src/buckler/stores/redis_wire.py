"""One connection to a Redis server, and the door to hiredis, which reads what comes over it.

Every question is written at once, behind those that wait already, and the answers come in their order. So one connection carries all
requests of a process: there is no pool to fill, to wait for or to leak from. A question whose asker has gone keeps its place until its
answer has come, so that nobody is ever given the answer to somebody else's question (redis-py's CVE-2023-28858).
Deliberately not redis-py, which is complete where this is small: see docs/why/redis.md for what it costs a request.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from buckler.errors import MissingExtraError, StoreError

try:
    import hiredis
except ImportError as failure:
    raise MissingExtraError("the store Redis", "redis") from failure

if TYPE_CHECKING:
    from collections.abc import Callable

    Word = str | bytes | int

packed: Callable[[tuple[Word, ...]], bytes] = hiredis.pack_command  # type: ignore[assignment]  # its own types say a tuple of one
ServerError: Final = hiredis.ReplyError  # an answer: the server said no

_NOTHING = object()
_UNREADABLE = (hiredis.HiredisError, TypeError, ValueError, MemoryError, IndexError)
_MAX_ANSWER_BYTES = 256 << 20  # of one answer, unread: whoever sends more is not the server that we know


class Link(asyncio.Protocol):
    """A connection. `ask` answers in order; `lost` is done when it has ended. `pushed` is given what the server says unasked."""

    def __init__(self, loop: asyncio.AbstractEventLoop, pushed: Callable[[list[Any]], None] | None = None) -> None:
        self._loop, self._pushed = loop, pushed
        self._reader = hiredis.Reader(notEnoughData=_NOTHING)
        self._transport: Any = None  # uvloop's are no `asyncio.Transport`
        self._asked: deque[asyncio.Future[Any]] = deque()
        self._unsent: list[bytes] = []
        self._unread_bytes = 0
        self._why = "the connection was closed"
        self.heard_s = loop.time()
        self.lost: asyncio.Future[None] = loop.create_future()

    @property
    def is_lost(self) -> bool:
        """Whether it has ended, or is about to."""
        return self._transport is None

    def ask(self, command: bytes) -> asyncio.Future[Any]:
        """Return the coming answer to `command`: what the server said, a `ServerError`, or a `StoreError` when the connection is lost.
        Errors are answers here, never raised: an exception for an asker who has gone would be nobody's."""
        answer: asyncio.Future[Any] = self._loop.create_future()
        if self._transport is None:
            answer.set_result(StoreError(self._why))
        elif self._asked:  # many at once are one write, at the end of this turn of the loop
            if not self._unsent:
                self._loop.call_soon(self._send)
            self._unsent.append(command)
            self._asked.append(answer)
        else:
            self._asked.append(answer)
            self._transport.write(command)
        return answer

    def give_up(self, since_s: float, patience_s: float) -> None:
        """End a connection on which nothing was heard for `patience_s`, although something is asked since `since_s`: a server that has
        stalled must not collect questions, and its late answers are of no use to anybody."""
        if self._loop.time() - max(since_s, self.heard_s) >= patience_s:
            self.end("the server has stalled")

    def end(self, why: str = "the connection was closed") -> None:
        """Close the connection at once; who still waits for an answer is told."""
        if self._transport is not None:
            self._why, transport, self._transport = why, self._transport, None
            transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self.heard_s = self._loop.time()
        self._unread_bytes += len(data)
        reader, asked = self._reader, self._asked
        try:
            reader.feed(data)
            while (answer := reader.gets()) is not _NOTHING:
                self._unread_bytes = 0
                if type(answer) is hiredis.PushNotification:
                    if self._pushed is not None:
                        self._pushed(answer)
                    continue
                asking = asked.popleft()
                if not asking.done():
                    asking.set_result(answer)
        except _UNREADABLE as failure:
            self.end(f"the server sent what Redis does not ({type(failure).__name__})")
        if self._unread_bytes > _MAX_ANSWER_BYTES:
            self.end("the server sends without end")

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if exc is not None:
            self._why = f"the connection was lost: {exc}"
        failed, self._asked = self._asked, deque()
        self._unsent.clear()
        for asking in failed:
            if not asking.done():
                asking.set_result(StoreError(self._why))
        if not self.lost.done():
            self.lost.set_result(None)

    def _send(self) -> None:
        unsent, self._unsent = self._unsent, []
        if self._transport is not None and unsent:
            self._transport.write(b"".join(unsent))
