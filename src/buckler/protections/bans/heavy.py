"""Heavy hitters in bounded memory: Space-Saving (Metwally, Agrawal, El Abbadi: Efficient Computation of Frequent and Top-k Elements in
Data Streams, 2005), with weights and with fading.

With `m` counters and a stream of the total weight `N`, for every key, whatever its order and whoever chose it:

- `at_least` ≤ its true weight ≤ `at_most`, and `at_most - at_least` ≤ N / m;
- every key whose true weight is over N / m has a counter; a key without one weighs at most N / m.

A newcomer takes over the smallest counter and starts at its count, which becomes the newcomer's possible error. Fading multiplies all of
it, `N` included, by the same share, so the bounds hold for the faded weights.

Deliberately not a Count-Min sketch: it has the same bound, but only with a probability, which an attacker who can guess its hashes
turns around, and it does not know the keys that it counts.
"""

from __future__ import annotations

from heapq import heapify, heapreplace
from heapq import heappush as _push
from typing import NamedTuple

from buckler.core.options import need

_LEAST = 1e-9  # of a share: what has faded to nothing


class Heavy(NamedTuple):
    """How often `key` was counted: at least and at most so much."""

    key: str
    at_least: float
    at_most: float


class SpaceSaving:
    """Counts keys with at most `counters` of them in memory. Adding costs O(log counters), amortised; no key costs more than another."""

    def __init__(self, counters: int) -> None:
        need(counters > 0, "SpaceSaving.counters", counters, "give a number over zero")
        self._most = counters
        self._kept: dict[str, list[float]] = {}  # key → its count, and how much of that may be somebody else's
        self._heap: list[tuple[float, str]] = []  # every kept key once; with a count that may be out of date, never too high
        self.total = 0.0

    def add(self, key: str, weight: float = 1.0) -> None:
        """Count `key` with a `weight` over zero."""
        self.total += weight
        found = self._kept.get(key)
        if found is not None:
            found[0] += weight
        elif len(self._kept) < self._most:
            self._kept[key] = [weight, 0.0]
            _push(self._heap, (weight, key))
        else:
            least = self._evict(key, weight)
            self._kept[key] = [least + weight, least]

    def _evict(self, newcomer: str, weight: float) -> float:
        """Give the smallest counter to `newcomer`; return its count."""
        while True:
            count, key = self._heap[0]
            now = self._kept[key][0]
            if now <= count:
                del self._kept[key]
                heapreplace(self._heap, (count + weight, newcomer))
                return count
            heapreplace(self._heap, (now, key))  # it was counted since: each such step was paid for by an `add`

    def weighed(self, key: str) -> Heavy:
        """Return what is known of `key`, which may have no counter."""
        found = self._kept.get(key)
        if found is None:
            full = len(self._kept) >= self._most
            return Heavy(key, 0.0, min(count for count, _ in self._kept.values()) if full else 0.0)
        return Heavy(key, found[0] - found[1], found[0])

    def heaviest(self, most: int = 10) -> list[Heavy]:
        """Return the `most` keys that are surely the heaviest, by what they weigh at least."""
        every = [Heavy(key, count - error, count) for key, (count, error) in self._kept.items()]
        return sorted(every, key=lambda item: (-item.at_least, -item.at_most, item.key))[:most]

    def fade(self, share: float) -> None:
        """Let everything weigh `share` (0 to 1) of what it did, so that what is long ago weighs less than what is now."""
        need(0 <= share <= 1, "SpaceSaving.fade", share, "give a share from 0 to 1")
        if share < _LEAST:
            self.total = 0.0
            self._kept.clear()
            self._heap.clear()
            return
        self.total *= share
        for counter in self._kept.values():
            counter[0] *= share
            counter[1] *= share
        self._heap = [(counter[0], key) for key, counter in self._kept.items()]
        heapify(self._heap)

    def __len__(self) -> int:
        return len(self._kept)
