"""What a database would be, and the clock of its tests."""

from __future__ import annotations

import asyncio
from typing import Any

from buckler.core.clock import HandClock

CLOCK = HandClock()


class Source:
    """What a database would be."""

    def __init__(self) -> None:
        self.calls = 0
        self.failure: Exception | None = None
        self.takes_s = 0.0

    def read(self, thing: Any) -> Any:
        self.calls += 1
        CLOCK.move(self.takes_s)
        if self.failure is not None:
            raise self.failure
        return thing

    def number(self) -> int:
        """How often it was asked."""
        self.read(None)
        return self.calls


async def settled() -> None:
    """What was begun in the background is done."""
    for _ in range(20):
        await asyncio.sleep(0)
