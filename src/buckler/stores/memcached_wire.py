"""One connection to Memcached: meta commands are written at once, behind those that wait already, and answered in their order.

So one connection carries all requests of a process. Whoever stops waiting keeps the place in the order, so that nobody is ever given the
answer to somebody else's question. Deliberately not aiomcache or emcache: neither writes several commands at once, so a batch would be
as many round trips as it has keys; and what is needed of the protocol is this page.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from buckler.core.store import Add, Drop, Get, Put, Replace
from buckler.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from buckler.core.store import Op, Reply

    Answer = Reply | Exception

_LONGEST_LINE, _LARGEST_VALUE = 2048, 1 << 27  # bytes; whoever sends more is not Memcached
_MEANS: dict[type[Op], dict[bytes, Reply]] = {
    Get: {b"EN": None},
    Put: {b"HD": None},
    Add: {b"HD": True, b"NS": False},
    Replace: {b"HD": True, b"NS": False},
    Drop: {b"HD": True, b"NF": False},
}


class SaidNoError(Exception):
    """The server answered that it cannot: the value is too large, or there is no memory. It is alive."""


class Said(NamedTuple):
    """One command, and what kind of answer it gets."""

    command: bytes
    kind: type[Op]


class _Asked(NamedTuple):
    waiting: asyncio.Future[list[Answer]]
    kinds: list[type[Op]]
    answers: list[Answer]


class Link(asyncio.Protocol):
    """A connection. `heard_s`: when the server last said something."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._unread = bytearray()
        self._asked: deque[_Asked] = deque()
        self._why = "the connection was closed"
        self.heard_s = 0.0

    @property
    def is_lost(self) -> bool:
        return self._transport is None

    def ask(self, said: Sequence[Said]) -> asyncio.Future[list[Answer]]:
        """Return the coming answers to one or more commands, among them what the server could not do; a `StoreError` when it is lost."""
        waiting: asyncio.Future[list[Answer]] = self._loop.create_future()
        if self._transport is None:
            waiting.set_exception(StoreError(self._why))
            return waiting
        self._transport.write(b"".join(one.command for one in said))
        self._asked.append(_Asked(waiting, [one.kind for one in said], []))
        return waiting

    def drop(self, why: str) -> None:
        """End the connection; whoever waits is told `why`."""
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.abort()
        self._why = why
        self._unread.clear()
        while self._asked:
            waiting = self._asked.popleft().waiting
            if not waiting.done():
                waiting.set_exception(StoreError(why))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # uvloop's are no `asyncio.Transport`

    def connection_lost(self, exc: Exception | None) -> None:
        self.drop(str(exc or "it hung up"))

    def data_received(self, data: bytes) -> None:
        self.heard_s = time.monotonic()
        self._unread += data
        try:
            while self._asked and self._read_one(self._asked[0]):
                pass
        except ValueError as failure:
            self.drop(f"it answered what Memcached does not: {failure}")
        if self._unread and not self._asked:
            self.drop("it answered what nobody asked")

    def _read_one(self, asked: _Asked) -> bool:
        """Whether one answer was there, and is read. Raises `ValueError` for what is none."""
        end = self._unread.find(b"\r\n", 0, _LONGEST_LINE)
        if end < 0:
            if len(self._unread) >= _LONGEST_LINE:
                raise ValueError("a line without an end")
            return False
        line = bytes(self._unread[:end])
        kind, after = asked.kinds[len(asked.answers)], end + 2
        answer: Answer
        if line[:3] == b"VA " and kind is Get:
            size = _size(line)
            if len(self._unread) < after + size + 2:
                return False
            answer = bytes(self._unread[after : after + size])
            after += size + 2
            if self._unread[after - 2 : after] != b"\r\n":
                raise ValueError("a value of another length")
        else:
            answer = _meant(line, kind)
        del self._unread[:after]
        asked.answers.append(answer)
        if len(asked.answers) == len(asked.kinds):
            self._asked.popleft()
            if not asked.waiting.done():
                asked.waiting.set_result(asked.answers)
        return True


def _size(line: bytes) -> int:
    number = line.split(b" ")[1]
    size = int(number) if number.isdigit() and len(number) < 10 else -1
    if not 0 <= size <= _LARGEST_VALUE:
        raise ValueError("a length that is none")
    return size


def _meant(line: bytes, kind: type[Op]) -> Answer:
    if line.startswith(b"SERVER_ERROR "):
        return SaidNoError(line[13:].decode("ascii", "replace"))
    code = line[:2] if line[2:3] in {b"", b" "} else line
    if code not in _MEANS[kind]:
        raise ValueError(repr(line[:40]))
    return _MEANS[kind][code]
