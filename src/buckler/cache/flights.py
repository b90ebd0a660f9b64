"""Single-flight: what many want at the same moment is made once, for all of them.

The work belongs to none of its callers: it runs in a task of its own, so whoever stops waiting, or is cancelled, takes it from nobody.
Within a process callers meet in a dictionary; across processes at a lock in the store, which runs out by itself when its owner dies. The
lock saves work and nothing else: where the store fails, or the owner of the lock takes too long, each process makes the thing itself.
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeVar, cast

from buckler.cache.far import Far
from buckler.core.clock import Clock, SystemClock
from buckler.core.event import Event, Events
from buckler.core.options import need_positive
from buckler.core.store import Add, Drop, Put
from buckler.errors import BusyError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from contextvars import Context

    from buckler.core.store import Store

T = TypeVar("T")

_FIRST_PAUSE_S, _MAX_PAUSE_S = 0.005, 0.1  # between two looks for what another process makes
_SPREAD = random.SystemRandom()
_LOCKED = b"1"
_ELSEWHERE: Final = object()  # the result of a refresh that another process is doing already


class Work(NamedTuple, Generic[T]):
    """What is to be done: `make` returns the thing, `look` returns what another process has made meanwhile, or None; without it, each
    process makes its own. `about` is its name in events, `tags` what it will be tagged with, `context` what its task sees as context
    variables."""

    make: Callable[[], Awaitable[T]]
    look: Callable[[], Awaitable[T | None]] | None = None
    about: str = ""
    tags: tuple[str, ...] = ()
    context: Context | None = None


class _Flight:
    """One piece of work on its way. `waiting`: how many callers there are now."""

    __slots__ = ("background", "end", "task", "waiting", "work")

    def __init__(self, work: Work[Any], *, background: bool) -> None:
        self.work, self.background, self.waiting = work, background, 0
        self.task: asyncio.Task[Any]
        self.end: asyncio.TimerHandle


class Flights:
    """All work in progress of one `space`, a constant. `max_waiting`: callers who wait for others' work, in this process; one more gets
    `BusyError` at once. `max_background`: refreshes at the same time. `work_s`: when work that does not end is cancelled.
    `lock_s`: how long other processes wait for one that has died."""

    def __init__(  # noqa: PLR0913  # one keyword for each bound
        self,
        space: str,
        store: Store | None = None,
        *,
        max_waiting: int = 10_000,
        max_background: int = 16,
        work_s: float = 60.0,
        lock_s: float = 3.0,
        clock: Clock | None = None,
        events: Events | None = None,
    ) -> None:
        need_positive(self, max_waiting=max_waiting, max_background=max_background, work_s=work_s, lock_s=lock_s)
        self._space = space
        self._max_waiting, self._max_background, self._work_s, self._lock_s = max_waiting, max_background, work_s, lock_s
        self._clock, self._events = clock or SystemClock(), events if events is not None else Events()
        self._far = None if store is None else Far(space, store, self._clock, self._events)
        self._flights: dict[str, _Flight] = {}
        self._tasks: set[asyncio.Task[Any]] = set()  # those that nobody may join any more, too
        self._waiting = self._background = 0

    async def once(self, key: str, work: Work[T] | Callable[[], Awaitable[T]], *, wait_s: float) -> T:
        """Return what is made, once for all who ask for `key` while it is being made.

        Raises BusyError where it has not come in `wait_s`, or too many wait; and what `work.make` raises: to the caller who began it at
        once, to the others when one of them has tried again in vain.
        """
        work = work if isinstance(work, Work) else Work(work)
        flight, led = self._flight(key), False
        if flight is None:
            flight, led = self._begin(key, work, self._alone(key, work)), True
        await self._wait(flight, wait_s)
        if led or _is_good(flight.task):
            return cast("T", _result(flight.task))
        again = self._flight(key) or self._begin(key, work, self._alone(key, work))
        await self._wait(again, wait_s)
        return cast("T", _result(again.task))

    def start(self, key: str, work: Work[Any]) -> bool:
        """Begin the work without waiting for it, unless somebody is at it or too much is being refreshed. Returns whether it did.
        A failure is an Event, and nobody's error."""
        if self._background >= self._max_background or self._flight(key) is not None:
            return False
        self._background += 1
        self._begin(key, work, self._unless_elsewhere(key, work), background=True)
        return True

    def forget(self, *keys: str) -> None:
        """Let nobody join the work on `keys` any more: what it makes is out of date. Who waits for it gets it."""
        for key in keys:
            self._flights.pop(key, None)

    def forget_tagged(self, *tags: str) -> None:
        """The same for all work that will be tagged with one of `tags`."""
        self.forget(*[key for key, flight in self._flights.items() if not set(tags).isdisjoint(flight.work.tags)])

    @property
    def working(self) -> int:
        """How much is being made now."""
        return len(self._tasks)

    async def close(self) -> None:
        """Cancel what is still being made, and wait for its end."""
        loop = asyncio.get_running_loop()
        tasks = [task for task in self._tasks if task.get_loop() is loop]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    # ---- in this process

    def _flight(self, key: str) -> _Flight | None:
        """The work on `key`, where it is of this event loop: that of one that has ended would never be done."""
        found = self._flights.get(key)
        return found if found is not None and found.task.get_loop() is asyncio.get_running_loop() else None

    def _begin(self, key: str, work: Work[Any], doing: Coroutine[Any, Any, Any], *, background: bool = False) -> _Flight:
        flight = _Flight(work, background=background)
        flight.task = asyncio.create_task(doing, context=work.context)
        # Not asyncio.timeout: what ends the work must be told from a TimeoutError of the work itself.
        flight.end = flight.task.get_loop().call_later(self._work_s, flight.task.cancel)
        self._flights[key] = flight
        self._tasks.add(flight.task)

        def landed(task: asyncio.Task[Any]) -> None:
            self._landed(key, flight, task)

        flight.task.add_done_callback(landed)
        return flight

    def _landed(self, key: str, flight: _Flight, task: asyncio.Task[Any]) -> None:
        flight.end.cancel()
        self._tasks.discard(task)
        if self._flights.get(key) is flight:
            del self._flights[key]
        self._background -= flight.background
        failure: BaseException | None = BusyError("cancelled") if task.cancelled() else task.exception()
        if failure is not None and not flight.waiting:  # else it is the error of somebody who waits
            # The kind of the failure alone: what it says may be what nobody else is to read.
            self._events.append(Event("cache.failed", self._clock.now(), "note", detail=f"{flight.work.about}: {type(failure).__name__}"))

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

    async def _alone(self, key: str, work: Work[T]) -> T:
        """Make it, unless another process does or has done. While its lock lives, so does it, and there is hope."""
        if work.look is None or self._far is None:
            return await work.make()
        pause_s = _FIRST_PAUSE_S
        while True:
            locked = await self._lock(self._far, key)
            if locked is None:
                return await work.make()
            found = await work.look()  # also when the lock is ours: its last owner may have just left
            if locked or found is not None:
                break
            await asyncio.sleep(pause_s * _SPREAD.uniform(0.5, 1.0))  # so that waiting workers do not march in step
            pause_s = min(2 * pause_s, _MAX_PAUSE_S)
        if found is None:
            return await self._locked(self._far, key, work)
        if locked:
            await self._far.asked([Drop(self._far.lock(key))])
        return found

    async def _unless_elsewhere(self, key: str, work: Work[Any]) -> object:
        if self._far is None:
            return await work.make()
        locked = await self._lock(self._far, key)
        if locked is None:
            return await work.make()
        return await self._locked(self._far, key, work) if locked else _ELSEWHERE

    async def _lock(self, far: Far, key: str) -> bool | None:
        """Whether the lock is ours now; None where the store does not answer."""
        replies = await far.asked([Add(far.lock(key), _LOCKED, self._lock_s)])
        return None if replies is None else replies[0] is True

    async def _locked(self, far: Far, key: str, work: Work[T]) -> T:
        """Make it under a lock that says, again and again, that its owner is alive."""
        renewing = asyncio.create_task(self._renew(far, key))
        try:
            return await work.make()
        finally:
            renewing.cancel()
            await far.asked([Drop(far.lock(key))])

    async def _renew(self, far: Far, key: str) -> None:
        while True:
            await asyncio.sleep(self._lock_s / 3)
            await far.asked([Put(far.lock(key), _LOCKED, self._lock_s)])


def _is_good(task: asyncio.Task[Any]) -> bool:
    return not task.cancelled() and task.exception() is None and task.result() is not _ELSEWHERE


def _result(task: asyncio.Task[Any]) -> object:
    if task.cancelled():
        raise BusyError("the work did not end in time, or was cancelled")
    found: object = task.result()
    if found is _ELSEWHERE:
        raise BusyError("another process has not made it in time")
    return found
