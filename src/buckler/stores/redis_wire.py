"""One connection to a Redis server, and the door to hiredis, which reads what comes over it.

Every question is written at once, behind those that wait already, and the answers come in their order. So one connection carries all
requests of a process: there is no pool to fill, to wait for or to leak from. A question whose asker has gone keeps its place until its
answer has come, so that nobody is ever given the answer to somebody else's question (CVE-2023-28858, in redis-py before 4.5.4).
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
_LOOKS = 8  # at the clock, while one question is waited for
_MAX_ANSWER_BYTES = 256 << 20  # of one answer, unread: whoever sends more is not the server that we know


class Link(asyncio.Protocol):
    """A connection. `ask` answers in order; `lost` is done when it has ended. `pushed` is given what the server says unasked."""

    def __init__(self, loop: asyncio.AbstractEventLoop, pushed: Callable[[list[Any]], None] | None = None) -> None:
        self._loop, self._pushed = loop, pushed
        self._reader = hiredis.Reader(notEnoughData=_NOTHING)
        self._transport: Any = None  # uvloop's are no `asyncio.Transport`
        self._asked: deque[tuple[asyncio.Future[Any], float]] = deque()  # who waits, and since when
        self._unsent: list[bytes] = []
        self._unread_bytes = 0
        self._why = "the connection was closed"
        self._heard_s = 0.0
        self._patience_s: float | None = None
        self._watching: asyncio.TimerHandle | None = None
        self._look_s = 0.0
        self._excused = False
        self.lost: asyncio.Future[None] = loop.create_future()

    @property
    def is_lost(self) -> bool:
        """Whether it has ended, or is about to."""
        return self._transport is None

    def ask(self, command: bytes) -> asyncio.Future[Any]:
        """Return the coming answer to `command`: what the server said, a `ServerError`, a `StoreError` when the connection is lost, or a
        `TimeoutError`. Errors are answers here, never raised: an exception for an asker who has gone would be nobody's."""
        loop, asked = self._loop, self._asked
        answer: asyncio.Future[Any] = loop.create_future()
        if self._transport is None:
            answer.set_result(StoreError(self._why))
            return answer
        if not asked:
            self._transport.write(command)
        else:  # many at once are one write, at the end of this turn of the loop
            if not self._unsent:
                loop.call_soon(self._send)
            self._unsent.append(command)
        asked.append((answer, loop.time()))
        if self._watching is None and self._patience_s is not None:
            self._watch_on(self._patience_s / _LOOKS)
        return answer

    def bound(self, wait_s: float) -> None:
        """From now on, no answer is waited for any longer than `wait_s`. One timer looks after all of them."""
        self._patience_s = wait_s

    def end(self, why: str = "the connection was closed") -> None:
        """Close the connection at once; who still waits for an answer is told."""
        if self._transport is not None:
            self._why, transport, self._transport = why, self._transport, None
            transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._heard_s = self._loop.time()
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
                asking, _ = asked.popleft()
                if not asking.done():
                    asking.set_result(answer)
        except _UNREADABLE as failure:
            self.end(f"the server sent what Redis does not ({type(failure).__name__})")
        if self._unread_bytes > _MAX_ANSWER_BYTES:
            self.end("the server sends without end")

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._watching is not None:
            self._watching.cancel()
        if exc is not None:
            self._why = f"the connection was lost: {exc}"
        failed, self._asked = self._asked, deque()
        self._unsent.clear()
        for asking, _ in failed:
            if not asking.done():
                asking.set_result(StoreError(self._why))
        self.lost.set_result(None)

    def _watch_on(self, delay_s: float) -> None:
        self._look_s = self._loop.time() + delay_s
        self._watching = self._loop.call_later(delay_s, self._watch)

    def _watch(self) -> None:
        """Tell those who have waited long enough. When nothing at all was heard for as long, the server has stalled: then the connection
        ends, because it must not collect questions, and late answers are of no use to anybody."""
        self._watching = None
        if self._patience_s is None or not self._asked:
            return
        now_s, step_s = self._loop.time(), self._patience_s / _LOOKS
        if now_s - self._look_s > step_s and not self._excused:  # this process was busy: the answers may be there, unread (uvloop looks
            self._excused = True  # at its clock first)
            self._watch_on(0.001)
            return
        self._excused = False
        late_s = now_s - self._patience_s + step_s  # so that the one who has waited longest waits `wait_s`
        stalled = self._heard_s <= late_s and self._asked[0][1] <= late_s
        self._late(late_s)
        if stalled:
            self.end("the server has stalled")
        else:
            self._watch_on(step_s)

    def _late(self, late_s: float) -> None:
        for asking, since_s in self._asked:
            if since_s > late_s:
                return
            if not asking.done():
                asking.set_result(TimeoutError())

    def _send(self) -> None:
        unsent, self._unsent = self._unsent, []
        if self._transport is not None and unsent:
            self._transport.write(b"".join(unsent))
