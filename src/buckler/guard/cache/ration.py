"""How much of the guard's own store kept answers may fill: a part, so that there is always room for sessions and limits.

Anybody can ask for addresses that nobody has asked for before, and each answer is one more. In a store of its own the newest push out the
oldest. The guard's own store throws nothing out, because it must not: what it has no room for, it refuses, and then nobody could sign in.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING, TypeVar

from buckler.cache.shelf import Shelf

if TYPE_CHECKING:
    from collections.abc import Callable

    from buckler.cache.far import Far
    from buckler.cache.kept import Record
    from buckler.cache.tags import Moment

T = TypeVar("T")

TAGS_S = 6 * 3600.0  # for so long a store remembers a tag; then what has it is made anew. Visitors make up addresses, and so names of tags
_LEAST_BYTES = 1024  # of one thing: with its key, and what a store adds


class Ration:
    """At most `max_bytes` at a time, as far as this process has put them there."""

    def __init__(self, max_bytes: int, now: Callable[[], float]) -> None:
        self._max_bytes, self._now = max_bytes, now
        self._sizes: dict[str, tuple[int, float]] = {}  # by key: how large, and until when
        self._ends: list[tuple[float, str]] = []
        self.used_bytes = 0

    def takes(self, key: str, size_bytes: int, until_s: float) -> bool:
        """Whether there is room for it, which is then taken until `until_s`; what had the same key makes room."""
        self._forget(self._now())
        size_bytes = max(size_bytes, _LEAST_BYTES)
        before, _ = self._sizes.get(key, (0, 0.0))
        used_bytes = self.used_bytes - before + size_bytes
        if used_bytes > self._max_bytes:
            return False
        self.used_bytes = used_bytes
        self._sizes[key] = (size_bytes, until_s)
        heappush(self._ends, (until_s, key))
        return True

    def _forget(self, now_s: float) -> None:
        while self._ends and self._ends[0][0] <= now_s:
            until_s, key = heappop(self._ends)
            found = self._sizes.get(key)
            if found is not None and found[1] == until_s:  # else it was put there again since
                del self._sizes[key]
                self.used_bytes -= found[0]


class RationedShelf(Shelf[T]):
    """A shelf whose store is not for it alone. What finds no room there stays near, for as long as nobody else need hear of a change."""

    ration: Ration | None = None

    async def _store_it(self, far: Far, key: str, record: Record, since: Moment, *, secret: bool) -> bool:
        if self.ration is not None and not self.ration.takes(key, len(record.body), record.gone_s):
            return True
        return await super()._store_it(far, key, record, since, secret=secret)
