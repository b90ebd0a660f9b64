"""Single-flight among threads, for plain functions: what `flights` is among tasks."""

from __future__ import annotations

import threading
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING, Any, TypeVar, cast

from buckler.cache.far import has_loop
from buckler.core.event import Event
from buckler.errors import BusyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from buckler.core.clock import Clock
    from buckler.core.event import Events

T = TypeVar("T")


class _Flight(Future[Any]):
    """One call on its way, and the thread that makes it."""

    def __init__(self) -> None:
        super().__init__()
        self.thread = threading.get_ident()


class Threads:
    """All plain calls in progress."""

    def __init__(self, clock: Clock, events: Events) -> None:
        self._clock, self._events = clock, events
        self._flights: dict[str, _Flight] = {}
        self._lock = threading.Lock()

    def once(self, key: str, make: Callable[[], T], *, wait_s: float) -> T:
        """Return what `make` returns, called once for all threads that ask for `key` while it works. Where the one who made it failed,
        one of the others tries again. Raises BusyError after `wait_s`.

        A thread with an event loop waits for no other, since all its tasks would wait with it: it makes its own. So does one that calls
        itself.
        """
        for _ in range(2):
            flight, led = self._flight(key)
            if led:
                return self._made(key, flight, make)
            if flight.thread == threading.get_ident() or has_loop():
                return make()
            if not wait((flight,), timeout=wait_s).done:
                raise BusyError(f"not made in {wait_s} seconds")
            if flight.exception() is None:
                break
        return cast("T", flight.result())

    def failed(self, about: str, failure: Exception) -> None:
        """A refresh has failed, and its caller was given what there was: an Event, with the kind of the failure alone."""
        self._events.append(Event("cache.failed", self._clock.now(), "note", detail=f"{about}: {type(failure).__name__}"))

    def is_on_its_way(self, key: str) -> bool:
        return key in self._flights

    def forget(self, *keys: str) -> None:
        """Let nobody join the calls of `keys`, or without any, of all that are in progress: what they make is out of date."""
        with self._lock:
            for key in keys or list(self._flights):
                self._flights.pop(key, None)

    def _flight(self, key: str) -> tuple[_Flight, bool]:
        with self._lock:
            found = self._flights.get(key)
            if found is not None:
                return found, False
            self._flights[key] = mine = _Flight()
            return mine, True

    def _made(self, key: str, flight: _Flight, make: Callable[[], T]) -> T:
        try:
            made = make()
        except BaseException as failure:
            self._land(key, flight)
            flight.set_exception(failure)
            raise
        self._land(key, flight)
        flight.set_result(made)
        return made

    def _land(self, key: str, flight: _Flight) -> None:
        with self._lock:
            if self._flights.get(key) is flight:
                del self._flights[key]
