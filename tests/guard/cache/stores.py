"""A store that several guards share, in memory."""

from __future__ import annotations

from buckler.core.clock import HandClock
from buckler.core.store import Able, Reach
from buckler.stores.memory import Memory


class Shared(Memory):
    """Like one of all workers of a machine."""

    able = Able(Reach.MACHINE)

    def __init__(self) -> None:
        self.clock = HandClock()
        super().__init__(clock=self.clock)
