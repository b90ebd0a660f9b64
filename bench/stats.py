"""Medians, spreads and confidence intervals. Ratios are made within a round: the machine's weather then touches both sides alike."""

from __future__ import annotations

import random
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

_RESAMPLES = 2000
_SEED = 20_250_101  # the same resamples every time: the interval is a function of the measurements alone


class Interval(NamedTuple):
    """The median, and the bounds between which it lies with 95 % confidence (percentile bootstrap)."""

    middle: float
    low: float
    high: float


class Span(NamedTuple):
    """The median, the smallest and the largest of a few rounds."""

    middle: float
    low: float
    high: float


def span(values: Sequence[float]) -> Span:
    return Span(median(values), min(values), max(values))


def interval(values: Sequence[float]) -> Interval:
    chance = random.Random(_SEED)  # noqa: S311  # resampling, not a secret
    middles = sorted(median(chance.choices(values, k=len(values))) for _ in range(_RESAMPLES))
    return Interval(median(values), middles[int(_RESAMPLES * 0.025)], middles[int(_RESAMPLES * 0.975)])


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> Span:
    """Ours by theirs, round by round."""
    return span([one / other for one, other in zip(ours, theirs, strict=True)])
