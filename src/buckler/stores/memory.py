"""State of one process, bounded in entries, with expiry. The default: a laptop needs nothing else."""

from __future__ import annotations

from collections import OrderedDict
from itertools import islice
from typing import TYPE_CHECKING, Any

from buckler.core.clock import Clock, SystemClock
from buckler.core.options import need
from buckler.core.store import Able, Add, Drop, Get, Op, Put, Reach, Replace, Reply, Take, Taken, gcra

if TYPE_CHECKING:
    from collections.abc import Callable

_LOOKED_AT = 64  # of the oldest entries, when room is needed


class Memory:
    """Keeps at most `max_entries` values and as many quotas; the oldest make room. Not shared between processes."""

    able = Able(Reach.PROCESS)

    def __init__(self, *, max_entries: int = 100_000, clock: Clock | None = None) -> None:
        need(max_entries > 0, "Memory.max_entries", max_entries, "give a number over zero")
        self._max, self._clock = max_entries, clock or SystemClock()
        self._values: OrderedDict[str, tuple[bytes, float]] = OrderedDict()  # a dict would search its own gaps for the oldest
        self._due: OrderedDict[str, float] = OrderedDict()
        self._before = True  # whether the Take before, in this batch, was allowed
        self._do: dict[type, Callable[..., Reply]] = {
            Get: self._get,
            Put: self._put,
            Add: self._add,
            Replace: self._replace,
            Drop: self._drop,
            Take: self._take,
        }

    def at_once(self, ops: list[Op]) -> list[Reply]:
        """Do all `ops`: nothing else runs in between, so each batch is atomic. It never has to wait."""
        now_s = self._clock.now()
        self._before = True
        return [self._do[type(op)](op, now_s) for op in ops]

    async def batch(self, ops: list[Op]) -> list[Reply]:
        return self.at_once(ops)

    async def close(self) -> None:
        self._values.clear()
        self._due.clear()

    def _get(self, op: Get, now_s: float) -> bytes | None:
        found = self._values.get(op.key)
        if found is None or found[1] <= now_s:
            self._values.pop(op.key, None)
            return None
        return found[0]

    def _put(self, op: Put | Add | Replace, now_s: float) -> None:
        self._values.pop(op.key, None)  # so that a rewritten key is the youngest again
        if len(self._values) >= self._max:
            _make_room(self._values, [key for key in _oldest(self._values) if self._values[key][1] <= now_s])
        self._values[op.key] = (op.value, now_s + op.ttl_s)

    def _add(self, op: Add, now_s: float) -> bool:
        if self._get(Get(op.key), now_s) is not None:
            return False
        self._put(op, now_s)
        return True

    def _replace(self, op: Replace, now_s: float) -> bool:
        if self._get(Get(op.key), now_s) is None:
            return False
        self._put(op, now_s)
        return True

    def _drop(self, op: Drop, now_s: float) -> bool:
        there = self._get(Get(op.key), now_s) is not None
        self._values.pop(op.key, None)
        return there

    def _take(self, op: Take, now_s: float) -> Taken:
        known = self._due.pop(op.key, 0.0)
        due_s, taken = gcra(known, now_s, op, before=self._before)
        self._before = taken.allowed
        if due_s > now_s:  # else the quota is whole: there is nothing to remember
            if len(self._due) >= self._max:
                _make_room(self._due, [key for key in _oldest(self._due) if self._due[key] <= now_s])
            self._due[op.key] = due_s  # the youngest again: who is refused again and again is not forgotten
        return taken


def _oldest(entries: OrderedDict[str, Any]) -> list[str]:
    return list(islice(entries, _LOOKED_AT))


def _make_room(entries: OrderedDict[str, Any], worthless: list[str]) -> None:
    """Drop what is worth nothing among the oldest, or else the very oldest."""
    for key in worthless or _oldest(entries)[:1]:
        del entries[key]
