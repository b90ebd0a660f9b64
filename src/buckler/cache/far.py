"""The far level: a store, as a shelf asks it."""

from __future__ import annotations

import asyncio
import hashlib
import time
from typing import TYPE_CHECKING, cast

from buckler.core.event import Event
from buckler.core.store import key as named
from buckler.errors import StoreError

if TYPE_CHECKING:
    from buckler.core.clock import Clock
    from buckler.core.event import Events
    from buckler.core.store import Op, Quick, Reply, Store

_PAUSES_S = (0.0002, 0.001, 0.005, 0.02)  # another writer holds a store of this machine for some 15 µs


class Far:
    """Names in `space`, and questions that a failing store answers with None."""

    def __init__(self, space: str, store: Store, clock: Clock, events: Events) -> None:
        self._space, self._store, self._clock, self._events = space, store, clock, events
        self._quick = hasattr(store, "at_once")

    def key(self, key: str) -> str:
        """A short name of any key, as every store can take it. 256 bits: nobody finds two keys with the same. Deliberately not keyed with
        the site's secret: while one is exchanged for another, a purge by a worker with the old one must reach those with the new one."""
        return named(self._space, "key", _digest(key))

    def tag(self, name: str) -> str:
        return named(self._space, "tag", _digest(name))

    def lock(self, key: str) -> str:
        return named(self._space, "lock", _digest(key))

    def now(self, ops: list[Op]) -> list[Reply] | None:
        """Do all `ops` where they can be answered without waiting; else None."""
        if not self._quick:
            return None
        try:
            return cast("Quick", self._store).at_once(ops)
        except StoreError:
            return None  # who waits for it is told

    async def told(self, ops: list[Op]) -> list[Reply]:
        """Do all `ops`. Raises StoreError."""
        replies = cast("Quick", self._store).at_once(ops) if self._quick else None
        return await self._store.batch(ops) if replies is None else replies

    async def asked(self, ops: list[Op]) -> list[Reply] | None:
        """Do all `ops`; None, and an Event, where the store fails."""
        try:
            return await self.told(ops)
        except StoreError as failure:
            self._events.append(Event("store.failed", self._clock.now(), "note", detail=f"{self._space}: {failure}"))
            return None

    def immediate(self) -> Far:
        """The same for callers who cannot wait."""
        return Far(self._space, _Immediate(cast("Quick", self._store)), self._clock, self._events)


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=32).hexdigest()


class _Immediate:
    """A store that answers within some milliseconds, or fails. A thread that has an event loop gives it no time at all."""

    def __init__(self, store: Quick) -> None:
        self._store = store

    async def batch(self, ops: list[Op]) -> list[Reply]:
        replies = self._store.at_once(ops)
        for pause_s in () if has_loop() else _PAUSES_S:
            if replies is not None:
                break
            replies = self._later(pause_s, ops)
        if replies is None:
            raise StoreError("busy, and a plain function cannot wait")
        return replies

    def _later(self, pause_s: float, ops: list[Op]) -> list[Reply] | None:
        time.sleep(pause_s)
        return self._store.at_once(ops)

    async def close(self) -> None:
        """Nothing is open here."""


def has_loop() -> bool:
    """Whether an event loop runs in this thread: what waits here, waits for all its tasks."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
