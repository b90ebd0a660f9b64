"""Time, as a value that can be handed in: a real clock in production, a hand-moved one in tests."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Seconds since the epoch (`now`) and seconds that never step back (`monotonic`)."""

    def now(self) -> float: ...

    def monotonic(self) -> float: ...


class SystemClock:
    """The machine's clock."""

    # The C functions themselves: a Python method around them would double the cost of reading the time.
    now = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)


class HandClock:
    """A clock that stands still until it is moved. For tests, and for the cases of `core.case`, which let time pass."""

    def __init__(self, start_s: float = 1_800_000_000.0) -> None:
        self._at_s = start_s

    def now(self) -> float:
        return self._at_s

    def monotonic(self) -> float:
        return self._at_s

    def move(self, seconds_s: float) -> None:
        """Let `seconds_s` seconds pass."""
        self._at_s += seconds_s
