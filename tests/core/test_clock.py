from __future__ import annotations

import time

from buckler.core.clock import HandClock, SystemClock


def test_the_system_clock_is_the_machine_s() -> None:
    assert SystemClock.now is time.time
    assert SystemClock.monotonic is time.monotonic


def test_the_hand_clock_moves_by_hand() -> None:
    clock = HandClock(10.0)
    clock.move(2.5)
    assert (clock.now(), clock.monotonic()) == (12.5, 12.5)
