"""Time by pairs: one batch of ours, one of theirs, in turn, many times; the differences carry a confidence interval."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.inprocess.drive import requests
from bench.stats import interval

if TYPE_CHECKING:
    from bench.inprocess.drive import Scope
    from bench.stats import Interval

_WARM = 300


class Side(NamedTuple):
    """One side of a comparison: an application and the request that it gets."""

    app: Any
    template: Scope


class Pace(NamedTuple):
    """How long to look: `pairs` of batches of `batch` requests."""

    pairs: int
    batch: int


async def timed(ours: Side, theirs: Side, pace: Pace) -> list[tuple[float, float]]:
    """Return µs a request of both sides, pair by pair. Every other pair is run the other way round."""
    for side in (ours, theirs):
        for _ in range(_WARM // pace.batch + 1):
            await _spent_s(side, pace.batch)
    gc.collect()
    found: list[tuple[float, float]] = []
    for count in range(pace.pairs):
        order = (ours, theirs) if count % 2 else (theirs, ours)
        spent_us = [await _spent_s(side, pace.batch) / pace.batch * 1e6 for side in order]
        found.append((spent_us[0], spent_us[1]) if count % 2 else (spent_us[1], spent_us[0]))
    return found


async def _spent_s(side: Side, count: int) -> float:
    """Return what `count` requests took. Then the event loop has its turn, which has had none: a site that watches how late its loop is
    would take the benchmark for an overload."""
    spent_s = await requests(side.app, side.template, count)
    await asyncio.sleep(0)
    return spent_s


async def extra_us(ours: Side, theirs: Side, pace: Pace) -> Interval:
    """What ours costs more than theirs, in µs a request."""
    return interval([one - other for one, other in await timed(ours, theirs, pace)])


async def cost_us(side: Side, beside: Side, pace: Pace) -> tuple[Interval, Interval, Interval]:
    """µs of both sides, and ours by theirs."""
    found = await timed(side, beside, pace)
    return interval([one for one, _ in found]), interval([other for _, other in found]), interval([one / other for one, other in found])
