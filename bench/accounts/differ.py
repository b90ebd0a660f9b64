"""Whether two kinds of tries take different times: by how much, how sure that is, and what one try tells."""

from __future__ import annotations

import math
import random
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

_RESAMPLES = 2000
_SEED = 20_250_102  # the same resamples every time, as in bench.stats


class Difference(NamedTuple):
    """Of medians, in the unit of the tries: the other kind less the known one, with its 95 % interval (bootstrap). `noise`: what 95 % of
    the differences between two halves of one kind stay under. `p`: how likely ranks as uneven as these are when there is no difference
    (Mann-Whitney, normal approximation with ties). `told`: how often one try of each, compared, tells which is which, the better way
    round; 0.5 is a coin."""

    middle: float
    low: float
    high: float
    noise: float
    p: float
    told: float

    @property
    def within_noise(self) -> bool:
        return abs(self.middle) <= self.noise


def difference(known: Sequence[float], other: Sequence[float]) -> Difference:
    """Compare two kinds of tries; there are at least two of each."""
    chance = random.Random(_SEED)  # noqa: S311  # resampling, not a secret

    def resampled(values: Sequence[float]) -> float:
        return median(chance.choices(values, k=len(values)))

    found = sorted(resampled(other) - resampled(known) for _ in range(_RESAMPLES))
    p, told = _ranks(known, other)
    noise = max(halves(known, chance), halves(other, chance))
    return Difference(
        median(other) - median(known), found[int(_RESAMPLES * 0.025)], found[int(_RESAMPLES * 0.975)], noise, p, max(told, 1 - told)
    )


def halves(values: Sequence[float], chance: random.Random) -> float:
    """Return what 95 % of the differences between the medians of two random halves stay under."""
    shuffled, half = list(values), len(values) // 2
    found = []
    for _ in range(_RESAMPLES):
        chance.shuffle(shuffled)
        found.append(abs(median(shuffled[:half]) - median(shuffled[half : 2 * half])))
    return sorted(found)[int(_RESAMPLES * 0.95)]


def _ranks(known: Sequence[float], other: Sequence[float]) -> tuple[float, float]:
    """Return p, and the share of pairs in which the other one took longer."""
    merged = sorted([(value, 0) for value in known] + [(value, 1) for value in other])
    total, ties, rank_sum, begin = len(merged), 0.0, 0.0, 0
    while begin < total:
        end = begin
        while end < total and merged[end][0] == merged[begin][0]:
            end += 1
        rank_sum += (begin + end + 1) / 2 * sum(kind for _, kind in merged[begin:end])
        ties += (end - begin) ** 3 - (end - begin)
        begin = end
    n, m = len(known), len(other)
    u = rank_sum - m * (m + 1) / 2
    spread = math.sqrt(n * m / 12 * (total + 1 - ties / (total * (total - 1))))
    if spread == 0:
        return 1.0, 0.5
    z = max(0.0, abs(u - n * m / 2) - 0.5) / spread
    return math.erfc(z / math.sqrt(2)), u / (n * m)
