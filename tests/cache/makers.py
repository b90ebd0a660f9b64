"""Work that is done when it is let."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from buckler.cache.flights import Flights, Work

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Maker:
    """Makes "1", "2", … when it is let; fails with what is in `failures` first."""

    def __init__(self, *failures: Exception) -> None:
        self.calls = 0
        self.go = asyncio.Event()
        self.failures = list(failures)

    async def __call__(self) -> str:
        self.calls += 1
        mine = self.calls
        await self.go.wait()
        if self.failures:
            raise self.failures.pop(0)
        return str(mine)


async def nothing() -> None:
    return None


async def begun(count: int, flights: Flights, maker: Callable[[], Awaitable[str]], **options: Any) -> list[asyncio.Task[str]]:
    work = Work(maker, options.pop("look", None), **options)
    tasks = [asyncio.create_task(flights.once("k", work, wait_s=60)) for _ in range(count)]
    await asyncio.sleep(0.01)
    return tasks
