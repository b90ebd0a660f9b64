"""Single-flight: what many want at the same moment is made once, for all of them.

The work belongs to none of its callers: it runs in a task of its own, so whoever stops waiting, or is cancelled, takes it from nobody.
Within a process callers meet in a dictionary; across processes at a lock in the store, which runs out by itself when its owner dies. The
lock saves work and nothing else: where the store fails, or the owner of the lock takes too long, each process makes the thing itself.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from buckler.core.clock import Clock, SystemClock
from buckler.core.event import Event, Events
from buckler.core.options import need_positive
from buckler.core.store import Add, Drop
from buckler.core.store import key as named
from buckler.errors import BusyError, StoreError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from contextvars import Context

    from buckler.core.store import Op, Quick, Reply, Store

T = TypeVar("T")

_FIRST_PAUSE_S, _MAX_PAUSE_S = 0.005, 0.1  # between two looks for what another process makes
_ELSEWHERE: Final = object()  # the result of a refresh that another process is doing already


class _Flight:
    """One piece of work on its way. `waiting`: how many callers there are now."""

    __slots__ = ("about", "background", "task", "waiting")

    def __init__(self, about: str, *, background: bool) -> None:
        self.about, self.background, self.waiting = about, background, 0
        self.task: asyncio.Task[Any]


class Flights:
    """All work in progress of one `space`, a constant. `max_waiting`: callers who wait for others' work, in this process; one more gets
    `BusyError` at once. `max_background`: refreshes at the same time. `work_s`: when work that does not end is cancelled."""

    def __init__(  # noqa: PLR0913  # one keyword for each bound
        self,
        space: str,
        store: Store | None = None,
        *,
        max_waiting: int = 10_000,
        max_background: int = 16,
        work_s: float = 60.0,
        clock: Clock | None = None,
        events: Events | None = None,
    ) -> None:
        need_positive(self, max_waiting=max_waiting, max_background=max_background, work_s=work_s)
        self._space, self._store, self._quick = space, store, hasattr(store, "at_once")
        self._max_waiting, self._max_background, self._work_s = max_waiting, max_background, work_s
        self._clock, self._events = clock or SystemClock(), events if events is not None else Events()
        self._flights: dict[str, _Flight] = {}
        self._waiting = self._background = 0

    async def once(  # what the work is, and what it may cost
        self,
        key: str,
        make: Callable[[], Awaitable[T]],
        *,
        wait_s: float,
        look: Callable[[], Awaitable[T | None]] | None = None,
        about: str = "",
        context: Context | None = None,
    ) -> T:
        """Return what `make` returns, called once for all who ask for `key` while it works.

        `look` returns what another process has made meanwhile, or None; without it, each process makes its own. Raises BusyError where
        the result has not come in `wait_s`, or too many wait, and what `make` raises: to the caller who began it at once, to the others
        when one of them has tried again in vain. `about` is its name in events; `context` what its task sees as context variables.
        """
        flight, led = self._flight(key), False
        if flight is None:
            led = True
            flight = self._begin(key, self._alone(key, make, look, wait_s), about, context)
        await self._wait(flight, wait_s)
        if led or _is_good(flight.task):
            return cast("T", _result(flight.task))
        again = self._flight(key) or self._begin(key, self._alone(key, make, look, wait_s), about, context)
        await self._wait(again, wait_s)
        return cast("T", _result(again.task))

    def start(self, key: str, make: Callable[[], Awaitable[object]], *, about: str = "", context: Context | None = None) -> bool:
        """Begin the work without waiting for it, unless somebody is at it or too much is being refreshed. Returns whether it did.
        A failure is an Event, and nobody's error."""
        if self._background >= self._max_background or self._flight(key) is not None:
            return False
        self._background += 1
        self._begin(key, self._unless_elsewhere(key, make), about, context, background=True)
        return True

    @property
    def working(self) -> int:
        """How much is being made now."""
        return len(self._flights)

    async def close(self) -> None:
        """Cancel what is still being made, and wait for its end."""
        loop = asyncio.get_running_loop()
        tasks = [flight.task for flight in self._flights.values() if flight.task.get_loop() is loop]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    # ---- in this process

    def _flight(self, key: str) -> _Flight | None:
        """The work on `key`, where it is of this event loop: that of one that has ended would never be done."""
        found = self._flights.get(key)
        return found if found is not None and found.task.get_loop() is asyncio.get_running_loop() else None

    def _begin(self, key: str, work: Coroutine[Any, Any, Any], about: str, context: Context | None, *, background: bool = False) -> _Flight:
        flight = _Flight(about, background=background)
        flight.task = asyncio.create_task(self._bounded(work), context=context)
        self._flights[key] = flight

        def landed(task: asyncio.Task[Any]) -> None:
            self._landed(key, flight, task)

        flight.task.add_done_callback(landed)
        return flight

    async def _bounded(self, work: Coroutine[Any, Any, Any]) -> object:
        async with asyncio.timeout(self._work_s):
            return await work

    def _landed(self, key: str, flight: _Flight, task: asyncio.Task[Any]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        self._background -= flight.background
        failure = None if task.cancelled() else task.exception()
        if failure is not None and not flight.waiting:  # else it is the error of somebody who waits
            # The kind of the failure alone: what it says may be what nobody else is to read.
            self._events.append(Event("cache.failed", self._clock.now(), "note", detail=f"{flight.about}: {type(failure).__name__}"))

    async def _wait(self, flight: _Flight, wait_s: float) -> None:
        if self._waiting >= self._max_waiting:
            raise BusyError(f"{self._space}: more than {self._max_waiting} wait for work in progress")
        self._waiting += 1
        flight.waiting += 1
        try:
            done, _ = await asyncio.wait((flight.task,), timeout=wait_s)
        finally:
            self._waiting -= 1
            flight.waiting -= 1
        if not done:
            raise BusyError(f"{self._space}: not made in {wait_s} seconds")

    # ---- across processes

    async def _alone(self, key: str, make: Callable[[], Awaitable[T]], look: Callable[[], Awaitable[T | None]] | None, wait_s: float) -> T:
        """Make it, unless another process does or has done."""
        if look is None or self._store is None:
            return await make()
        pause_s, waited_s = _FIRST_PAUSE_S, 0.0
        while True:
            locked = await self._lock(key, wait_s)
            found = None if locked is None else await look()  # also when the lock is ours: the last owner may have just left
            if found is not None or locked is not False or waited_s >= wait_s:
                break
            part_s = pause_s * random.uniform(0.5, 1.0)  # noqa: S311  # so that waiting workers do not march in step
            await asyncio.sleep(part_s)
            waited_s, pause_s = waited_s + part_s, min(2 * pause_s, _MAX_PAUSE_S)
        if not locked:
            return await make() if found is None else found
        return await self._unlocking(key, make, found, wait_s)

    async def _unlocking(self, key: str, make: Callable[[], Awaitable[T]], found: T | None, lock_s: float) -> T:
        since_s = self._clock.monotonic()
        try:
            return await make() if found is None else found
        finally:
            if self._clock.monotonic() - since_s < lock_s:  # else it has run out, and may be another process's by now
                await self._ask([Drop(self._name(key))])

    async def _unless_elsewhere(self, key: str, make: Callable[[], Awaitable[object]]) -> object:
        if self._store is None:
            return await make()
        locked = await self._lock(key, self._work_s)
        if locked is False:
            return _ELSEWHERE
        if locked is None:
            return await make()
        return await self._unlocking(key, make, None, self._work_s)

    async def _lock(self, key: str, lock_s: float) -> bool | None:
        """Whether the lock is ours now; None where the store does not answer."""
        replies = await self._ask([Add(self._name(key), b"1", lock_s)])
        return None if replies is None else replies[0] is True

    def _name(self, key: str) -> str:
        digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=32).hexdigest()  # of any key, as every store can take it
        return named(self._space, "lock", digest)

    async def _ask(self, ops: list[Op]) -> list[Reply] | None:
        store = cast("Quick", self._store)
        try:
            replies = store.at_once(ops) if self._quick else None
            return await store.batch(ops) if replies is None else replies
        except StoreError as failure:
            self._events.append(Event("store.failed", self._clock.now(), "note", detail=f"{self._space}: {failure}"))
            return None


def _is_good(task: asyncio.Task[Any]) -> bool:
    return not task.cancelled() and task.exception() is None and task.result() is not _ELSEWHERE


def _result(task: asyncio.Task[Any]) -> object:
    if task.cancelled():
        raise BusyError("the work was cancelled")
    found: object = task.result()
    if found is _ELSEWHERE:
        raise BusyError("another process has not made it in time")
    return found
