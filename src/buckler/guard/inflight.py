"""Requests whose handler is at work. One timer for all of them: a timer a request would cost more than the whole guard."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from buckler.core.answer import Refusal
    from buckler.core.request import Request


class InFlight:
    """Ends handlers that have sent no head after `limit_s` seconds, within a quarter of that time more."""

    def __init__(self, limit_s: float, late: Refusal) -> None:
        self._limit_s, self._late = limit_s, late
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: dict[Request, tuple[asyncio.Task[object] | None, float]] = {}

    def enter(self, request: Request) -> None:
        """Start to watch `request`, which runs in the current task."""
        loop = asyncio.get_running_loop()
        self._tasks[request] = (asyncio.current_task(loop), loop.time())
        if self._loop is not loop:
            self._loop = loop
            loop.call_later(self._limit_s / 4, self._sweep, loop)

    def leave(self, request: Request) -> None:
        """Stop to watch it."""
        self._tasks.pop(request, None)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._tasks:
            self._loop = None  # nothing to watch: the next request starts the timer again
            return
        before_s = loop.time() - self._limit_s
        for request, (task, since_s) in list(self._tasks.items()):
            if since_s <= before_s and not request.started and task is not None:
                request.refusal = self._late
                self.leave(request)
                task.cancel()
        loop.call_later(self._limit_s / 4, self._sweep, loop)
