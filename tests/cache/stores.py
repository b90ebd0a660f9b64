"""Stores that fail, wait, lie and forget, as real ones do."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from buckler.core.store import Able, Op, Reach, Reply
from buckler.errors import StoreError
from buckler.stores.memory import Memory

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from buckler.core.clock import Clock


class Away:
    """A store behind a network, of the same contents for all who are given `behind`. Counts its round trips, and can be down."""

    able = Able(Reach.NETWORK)

    def __init__(self, behind: Memory | None = None, clock: Clock | None = None, reach: Reach = Reach.NETWORK) -> None:
        self.behind = behind or Memory(clock=clock)
        self.able = Able(reach)
        self.asked: list[list[Op]] = []
        self.down = False
        self.before: Callable[[], Awaitable[None]] | None = None  # done before the next batch, …
        self.after: Callable[[], Awaitable[None]] | None = None  # … and between its answer and its arrival

    async def batch(self, ops: list[Op]) -> list[Reply]:
        self.asked.append(ops)
        before, self.before = self.before, None
        if before is not None:
            await before()
        await asyncio.sleep(0)
        if self.down:
            raise StoreError("down")
        replies = self.behind.at_once(ops)
        after, self.after = self.after, None
        if after is not None:
            await after()
        return replies

    @property
    def trips(self) -> int:
        """Round trips since this was asked last."""
        count = len(self.asked)
        self.asked.clear()
        return count

    async def close(self) -> None:
        await self.behind.close()
