"""Load on a store while its server is killed and stalled, and the books that are kept of what it promised meanwhile."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from buckler.core.store import Get, Put, Take, Taken, able
from buckler.errors import StoreError
from tests.stores.together import together, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from buckler.core.store import Op, Reply, Store

HANGS_S = 60.0  # hundreds of times what a call may take: who waits so long hangs, however busy the machine is
LIMIT, PERIOD_S = 40, 10.0
_PAUSE_S = 0.002


async def answered(store: Store, *ops: Op) -> list[Reply]:
    """What the store answers as soon as it does: it may be busy, or left alone for a moment."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await store.batch([*ops])
            except StoreError:
                await asyncio.sleep(_PAUSE_S)


class Load:
    """`keys` sessions, each written by one task and read by another; and as many tasks that share one quota.

    Every read is checked against the books: what was acknowledged is there, in that version or a later one. `quotas`: how often the quota
    may begin anew.
    """

    def __init__(self, store: Store, *, keys: int = 8, keeps: bool = True, quotas: int = 1) -> None:
        self.store, self._keeps, self._quotas = store, keeps, quotas
        self._acknowledged = [0] * keys
        self._sent = [0] * keys
        self.done = self.failed = self.turns = self.admitted = 0
        self._began_s = time.monotonic()
        self._tasks: list[asyncio.Task[None]] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Load]:
        numbers = range(len(self._sent))
        works = [self._turn, *(work for number in numbers for work in (self._writer(number), self._reader(number)))]
        works += [self._take for _ in numbers if Take in able(self.store).ops]
        async with together(self._again(work) for work in works) as self._tasks:
            yield self

    async def until_more(self, what: str, number: int) -> None:
        """Wait until so many more calls are `done` or have `failed`. Fails when a task has died or everything hangs."""
        goal = getattr(self, what) + number
        await until(self._tasks, lambda: getattr(self, what) >= goal, 180)

    async def settled(self) -> None:
        """Everything that was ever acknowledged is there, and the quota was kept: call it at the end, with the server running."""
        names = range(len(self._sent))
        replies = await answered(self.store, *(Get(_name(number)) for number in names))
        for number, reply in zip(names, replies, strict=True):
            self._compare(number, reply, self._acknowledged[number])
        most = LIMIT * self._quotas + LIMIT / PERIOD_S * (time.monotonic() - self._began_s)
        assert self.admitted <= most, f"{self.admitted} were admitted, of {most:.0f} at most"

    async def _again(self, work: Callable[[], Awaitable[object]]) -> None:
        while True:
            try:
                async with asyncio.timeout(HANGS_S):
                    await work()
            except StoreError:
                self.failed += 1
            else:
                self.done += work != self._turn
            await asyncio.sleep(_PAUSE_S)

    async def _turn(self) -> None:
        """The event loop goes on."""
        self.turns += 1

    def _writer(self, number: int) -> Callable[[], Awaitable[object]]:
        async def write() -> None:
            self._sent[number] = version = self._sent[number] + 1
            await self._batch(Put(_name(number), b"%d" % version, 600, secret=True))
            self._acknowledged[number] = version

        return write

    def _reader(self, number: int) -> Callable[[], Awaitable[object]]:
        async def read() -> None:
            least = self._acknowledged[number]
            (reply,) = await self._batch(Get(_name(number)))
            self._compare(number, reply, least)

        return read

    async def _batch(self, *ops: Op) -> list[Reply]:
        """As the guard does: what is known is not asked for."""
        at_once: Any = getattr(self.store, "at_once", lambda _: None)
        known: list[Reply] | None = at_once([*ops])
        return known if known is not None else await self.store.batch([*ops])

    def _compare(self, number: int, reply: Reply, least: int) -> None:
        if reply is None and (least == 0 or not self._keeps):
            return
        assert isinstance(reply, bytes), f"session {number} is lost"
        assert least <= int(reply) <= self._sent[number]

    async def _take(self) -> None:
        (taken,) = await self.store.batch([Take("chaos", LIMIT, PERIOD_S)])
        assert isinstance(taken, Taken)
        self.admitted += taken.allowed


def _name(number: int) -> str:
    return f"session:{number}"
