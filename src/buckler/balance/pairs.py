"""Microseconds from interleaved pairs: on, off, on, off, so that a slow second of the machine falls on both.

What is kept of a pair is its difference; what is reported is the median of the differences with a 95 % confidence interval from
order statistics (no assumption about how the noise is spread; Hahn & Meeker, Statistical Intervals, section 5.2).
"""

from __future__ import annotations

import gc
import math
import time
from contextlib import contextmanager
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence
    from random import Random

    Send = Callable[[int], Awaitable[None]]  # sends that many requests, one after the other

_Z95 = 1.959964  # of the standard normal distribution
_NS_PER_US = 1000.0


class Interval(NamedTuple):
    """A median in µs and the ends of its 95 % confidence interval."""

    median: float
    low: float
    high: float


class Effort(NamedTuple):
    """`builds` of both guards, for each of them `pairs` of blocks, each block of `requests` requests.

    Short blocks, so that the median steps over those in which the machine did something else. Several builds, because where
    objects happen to lie in memory is worth a tenth of a microsecond (Mytkowicz et al., ASPLOS 2009).
    """

    builds: int
    pairs: int
    requests: int


FULL, QUICK = Effort(8, 40, 20), Effort(4, 16, 20)


def interval(values: Sequence[float]) -> Interval:
    """Return median and interval. With fewer than six values no interval of 95 % exists: the ends are then the extremes."""
    ordered = sorted(values)
    reach = _Z95 * math.sqrt(len(ordered)) / 2
    low = max(0, math.floor(len(ordered) / 2 - reach) - 1)
    high = min(len(ordered) - 1, math.ceil(len(ordered) / 2 + reach))
    return Interval(median(ordered), ordered[low], ordered[high])


async def differences(on: Send, off: Send, effort: Effort, chance: Random) -> list[float]:
    """Return, a pair, how many µs a request takes longer with `on` than with `off`. Which goes first is drawn for each pair."""
    for send in (on, off):
        await send(effort.requests)  # warm: caches filled, bytecode specialised
    found = []
    with _quiet():
        for _ in range(effort.pairs):
            if chance.random() < 0.5:
                on_us, off_us = await _timed(on, effort.requests), await _timed(off, effort.requests)
            else:
                off_us, on_us = await _timed(off, effort.requests), await _timed(on, effort.requests)
            found.append(on_us - off_us)
    return found


async def durations(send: Send, effort: Effort) -> list[float]:
    """Return, a block, how many µs a request takes."""
    await send(effort.requests)
    with _quiet():
        return [await _timed(send, effort.requests) for _ in range(effort.pairs)]


async def _timed(send: Send, requests: int) -> float:
    start_ns = time.perf_counter_ns()
    await send(requests)
    return (time.perf_counter_ns() - start_ns) / requests / _NS_PER_US


@contextmanager
def _quiet() -> Iterator[None]:
    """Hold the garbage collector back: it would strike one side of a pair only. The guard makes no cycles for it to find."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
