"""The first level before a store that tells what changed in it: what this process has read, it need not ask for again.

A signed-in visitor costs one round trip when they come to a process, and none after that. The store's server pushes the keys that change,
over a connection of its own; what another process ended is ended here when the push arrives, a millisecond later. The bound is for when it
does not: nothing is believed once that connection has been silent for `silent_s`, and then every read goes to the store again.

Absence is known too, so that visitors whose sessions were never revoked all at once (nearly everybody) need no look-up to prove it.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import TYPE_CHECKING, Protocol

from buckler.core.options import need_positive, options
from buckler.core.store import Get, Take, able

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from buckler.core.clock import Clock
    from buckler.core.store import Op, Reply

_ENTRY_BYTES = 300  # of Python's objects for one entry: 230 were measured
_LONG_SILENCE_S = 10.0  # longer than a server takes to start again
_Known = tuple[bytes | None, float]  # what the store said, and until when (by the clock's `now`) it is believed


class Dated(Protocol):
    """A store that also knows until when a value that was got is good (`Sealed`)."""

    async def batch(self, ops: list[Op]) -> list[Reply]: ...

    async def dated(self, ops: list[Op]) -> tuple[list[Reply], list[float]]:
        """Do all `ops`. Returns the answers, and until when each value that was got is good: seconds since the epoch."""
        ...

    async def close(self) -> None: ...


class Pushes(Protocol):
    """Who tells what changes in a store."""

    def pushes(self, callback: Callable[[list[str] | None], None]) -> None:
        """Call `callback` with every key whose value changes, ends or is thrown out, and with None whenever some may have been missed: at
        the latest when a lost connection is listening again, and before `heard_s` says so."""
        ...

    def heard_s(self) -> float:
        """Seconds: what changed in the store longer ago than this has been told. Infinite while nobody listens."""
        ...


@options
class Bounds:
    """At most `max_entries` keys and `max_bytes`: those not asked for longest make room. No value over `max_value_bytes`. `kept_s`: nothing
    is believed for longer. `silent_s`: the bound on how long a change made elsewhere can go unseen."""

    max_entries: int = 100_000
    max_bytes: int = 64 << 20
    max_value_bytes: int = 64 << 10
    kept_s: float = 300.0
    silent_s: float = 2.0

    def __post_init__(self) -> None:
        need_positive(self, **vars(self))


class Local:
    """What is known of `store`, within `bounds`, as long as `pushes` says what changes in it. `unheard` is called, once in each silence,
    when it has lasted for ten seconds: everything works, but nothing is known here."""

    def __init__(
        self, store: Dated, pushes: Pushes, *, clock: Clock, bounds: Bounds | None = None, unheard: Callable[[], None] | None = None
    ) -> None:
        self.behind, self._clock, self._heard_s = store, clock, pushes.heard_s
        self._bounds = bounds = bounds or Bounds()
        self._silent_s = bounds.silent_s
        self.able = able(store)
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._bytes = 0
        self._flying: dict[str, list[int]] = {}  # keys that are being asked for: by how many, and how often they have changed meanwhile
        self._age = 0  # how often everything was dropped
        self._unheard, self._deaf_s = unheard, math.inf  # since when nothing is heard; minus infinity: that has been told
        pushes.pushes(self._changed)

    def at_once(self, ops: list[Op]) -> list[Reply] | None:
        """Answer questions to which all answers are known. None: ask `batch`. Costs 0.5 µs for two keys."""
        if self._heard_s() > self._silent_s:
            return None
        now_s = self._clock.now()
        known = self._known
        replies: list[Reply] = []
        for op in ops:
            found = known.get(op.key) if type(op) is Get else None
            if found is None or found[1] <= now_s:
                return None
            known.move_to_end(op.key)
            replies.append(found[0])
        return replies

    async def batch(self, ops: list[Op]) -> list[Reply]:
        """Do all `ops` in one round trip, or in none; what was got is known from now on, and what was written is asked for again."""
        known = self.at_once(ops)  # not everybody asks that first
        if known is not None:
            return known
        written = {op.key for op in ops if not isinstance(op, Get | Take)}
        age = self._age if self._hears() else -1  # -1: what changes now might not be told
        asked = self._start({op.key for op in ops if type(op) is Get and op.key not in written})
        kept: set[str] = set()
        try:
            replies, untils = await self.behind.dated(ops)
            if age == self._age:
                kept = {key for key, changes in asked.items() if self._flying[key][1] == changes}
        finally:  # whoever failed to write may have written
            self._land(asked)
            self._forget(written)
        now_s = self._clock.now()
        for op, reply, until_s in zip(ops, replies, untils, strict=True):
            if op.key in kept and (reply is None or isinstance(reply, bytes)):
                self._keep(op.key, reply, now_s + self._bounds.kept_s if reply is None else min(now_s + self._bounds.kept_s, until_s))
        return replies

    async def close(self) -> None:
        self._changed(None)
        await self.behind.close()

    def _hears(self) -> bool:
        if self._heard_s() <= self._silent_s:
            self._deaf_s = math.inf
            return True
        now_s = self._clock.monotonic()
        self._deaf_s = min(self._deaf_s, now_s)
        if self._unheard is not None and now_s - _LONG_SILENCE_S >= self._deaf_s > -math.inf:
            self._deaf_s = -math.inf
            self._unheard()
        return False

    def _start(self, keys: set[str]) -> dict[str, int]:
        """Return how often each of `keys` has changed so far: an answer is kept when that is the same at the end."""
        asked: dict[str, int] = {}
        for key in keys:
            flying = self._flying.setdefault(key, [0, 0])
            flying[0] += 1
            asked[key] = flying[1]
        return asked

    def _land(self, keys: Iterable[str]) -> None:
        for key in keys:
            flying = self._flying[key]
            flying[0] -= 1
            if not flying[0]:
                del self._flying[key]

    def _changed(self, keys: list[str] | None) -> None:
        """What the store's server pushed. None: anything may have changed."""
        if keys is None:
            self._age += 1
            self._known.clear()
            self._bytes = 0
            return
        self._forget(keys)

    def _forget(self, keys: Iterable[str]) -> None:
        for key in keys:
            found = self._known.pop(key, None)
            if found is not None:
                self._bytes -= _size(key, found[0])
            if key in self._flying:
                self._flying[key][1] += 1

    def _keep(self, key: str, value: bytes | None, until_s: float) -> None:
        size = _size(key, value)
        if size > self._bounds.max_value_bytes:
            return
        self._forget([key])
        self._known[key] = (value, until_s)
        self._bytes += size
        while self._bytes > self._bounds.max_bytes or len(self._known) > self._bounds.max_entries:
            oldest, (gone, _) = self._known.popitem(last=False)
            self._bytes -= _size(oldest, gone)


def _size(key: str, value: bytes | None) -> int:
    return _ENTRY_BYTES + len(key) + (len(value) if value is not None else 0)
