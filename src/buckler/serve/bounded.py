"""Uvicorn's HTTP/1.1 protocol with three limits that it lacks: how long a head may be, how long it may take, and how long a client may
take nothing of what waits for it.

A head that arrives in one piece, as every ordinary one does, pays for one comparison more. The road not taken is `h11`, which has
the first limit but parses in Python.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

if TYPE_CHECKING:
    from asyncio import TimerHandle, Transport

_TOO_LONG, _TOO_SLOW = 431, 408
_END = b"\r\n\r\n"


class BoundedProtocol(HttpToolsProtocol):
    """One connection. The limits are set on a subclass by `bounded`."""

    max_head_bytes = 32 * 1024
    head_s = 10.0
    stall_s = 30.0

    _head_bytes = 0  # of a head that has begun and is not complete
    _head_end = b""  # its last bytes: the empty line that ends it may come in two pieces
    _head_timer: TimerHandle | None = None
    _stall_timer: TimerHandle | None = None  # of a client that does not read
    _taken_over = False  # by the WebSocket protocol

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn declares it
        super().connection_made(transport)
        self._wait_for_head()  # uvicorn would wait for the first byte for ever

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_is_here()
        self._has_read()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser, and look at whether a head is still incomplete."""
        if (self._head_bytes or len(data) > self.max_head_bytes) and not self._in_body() and self._too_long_with(data):
            self._refuse(_TOO_LONG)
            return
        super().data_received(data)
        cycle = self.cycle
        if cycle is not None and cycle.scope is self.scope:
            if self._head_timer is not None:
                self._head_is_here()
        elif not self._taken_over and not self.transport.is_closing():
            before = data.rfind(_END)  # what belongs to an earlier request on this connection
            self._head_bytes += len(data) - (before + len(_END) if before >= 0 else 0)
            self._head_end = data[-3:]
            if self._head_bytes > self.max_head_bytes:
                self._refuse(_TOO_LONG)
            elif self._head_timer is None:
                self._wait_for_head()

    def pause_writing(self) -> None:
        """As much waits for the client as may. Uvicorn would wait for it for ever, and the application too."""
        super().pause_writing()
        self._stall_timer = self.loop.call_later(self.stall_s, self.transport.abort)

    def resume_writing(self) -> None:
        """The client has read most of it. What it reads in drops does not bring it so far in time."""
        self._has_read()
        super().resume_writing()

    def _has_read(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None

    def handle_websocket_upgrade(self) -> None:
        """The connection is the WebSocket protocol's from here on: our timer must not end it."""
        self._taken_over = True
        self._head_is_here()
        super().handle_websocket_upgrade()

    def _too_long_with(self, data: bytes) -> bool:
        """Whether the head, which may end anywhere in `data`, is longer than it may be."""
        ends = (self._head_end + data).find(_END)
        return self._head_bytes + (len(data) if ends < 0 else ends - len(self._head_end)) > self.max_head_bytes

    def _in_body(self) -> bool:
        return self.cycle is not None and self.cycle.more_body

    def _wait_for_head(self) -> None:
        self._head_timer = self.loop.call_later(self.head_s, self._refuse, _TOO_SLOW)

    def _head_is_here(self) -> None:
        self._head_bytes, self._head_end = 0, b""
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse(self, status: int) -> None:
        """A connection that said nothing is closed without a word; one that said half a head is told why."""
        self._head_timer = None
        if self.transport.is_closing():
            return
        if status == _TOO_LONG or self._head_bytes:
            self.transport.write(STATUS_LINE[status] + b"content-length: 0\r\nconnection: close\r\n\r\n")
        self.transport.close()


def bounded(max_head_bytes: int, head_s: float, stall_s: float) -> Any:
    """Return the protocol with these limits, in the form that survives the way into a worker (see `Factory`)."""
    return Factory(max_head_bytes, head_s, stall_s)


class Factory:
    """Makes protocols. A class made on the fly could not be pickled for a worker; this object can."""

    def __init__(self, max_head_bytes: int, head_s: float, stall_s: float) -> None:
        self._max_head_bytes, self._head_s, self._stall_s = max_head_bytes, head_s, stall_s

    def __call__(self, *args: Any, **kwargs: Any) -> BoundedProtocol:
        """Return the protocol of a new connection."""
        made = BoundedProtocol(*args, **kwargs)
        made.max_head_bytes, made.head_s, made.stall_s = self._max_head_bytes, self._head_s, self._stall_s
        return made
