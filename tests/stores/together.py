"""Works that go on until they are told to stop, and what is waited for meanwhile."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterable

    Tasks = list[asyncio.Task[None]]

_PAUSE_S = 0.002


@asynccontextmanager
async def together(works: Iterable[Coroutine[None, None, None]]) -> AsyncIterator[Tasks]:
    """Let all `works` run at the same time, and end them. Fails when one of them has failed."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert [end for end in ended if not isinstance(end, asyncio.CancelledError)] == []


async def until(tasks: Tasks, reached: Callable[[], bool], limit_s: float) -> None:
    """Wait until it is `reached`. Fails at once when one of the tasks has died, and after `limit_s` when everything hangs."""
    async with asyncio.timeout(limit_s):
        while not reached():
            for task in tasks:
                if task.done():
                    task.result()
            await asyncio.sleep(_PAUSE_S)
