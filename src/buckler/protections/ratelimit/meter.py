"""How much of the processor one request uses, counted while its coroutine runs and not while it waits.

`time.process_time` around a request would count everybody who runs while it waits. So the coroutine is driven through `_Driven`, which
looks at the thread's own clock whenever it goes on and whenever it waits. Only routes with such a limit are driven: others pay nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Generator, MutableMapping
from contextvars import ContextVar
from functools import wraps
from time import thread_time
from typing import Any, TypeVar

from buckler.core.request import Request

NOTE = "ratelimit.meter"
_METERED = "__buckler_metered__"
_current: ContextVar[Meter | None] = ContextVar("buckler_meter", default=None)
_US = 1_000_000
T = TypeVar("T", bound=Callable[..., Any])


class Meter:
    """The processor time of one request, in all threads that work for it."""

    __slots__ = ("_here_s", "_since_s", "_threads_s", "due")

    def __init__(self) -> None:
        self._here_s = self._since_s = 0.0
        self._threads_s: list[float] = []  # appended to by several at once, which `+=` would not survive
        self.due: list[Callable[[int], Awaitable[None]]] = []  # told the sum when the request is over

    def resume(self) -> None:
        self._since_s = thread_time()

    def pause(self) -> None:
        self._here_s += thread_time() - self._since_s

    def add(self, seconds_s: float) -> None:
        """Count what another thread has used."""
        self._threads_s.append(seconds_s)

    @property
    def used_us(self) -> int:
        """Microseconds so far; what runs at this moment is not in it."""
        return round((self._here_s + sum(self._threads_s)) * _US)

    async def settle(self) -> None:
        used_us = self.used_us
        for tell in self.due:
            await tell(used_us)


class _Driven(Generator[Any, Any, Any]):
    """Hands everything through to `work`, and counts while it runs."""

    def __init__(self, work: Coroutine[Any, Any, Any], meter: Meter) -> None:
        self._work, self._meter = work, meter

    def __await__(self) -> Generator[Any, Any, Any]:
        return self

    def send(self, value: Any, /) -> Any:
        self._meter.resume()
        try:
            return self._work.send(value)
        finally:
            self._meter.pause()

    def throw(self, *failure: Any) -> Any:
        self._meter.resume()
        try:
            return self._work.throw(*failure)
        finally:
            self._meter.pause()

    def close(self) -> None:
        self._work.close()


def metered(app: T) -> Any:
    """Return an ASGI application around `app` that counts each request, leaves the meter with it, and settles when it is over."""
    if hasattr(app, _METERED):
        return app

    async def run(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        request = scope.get("buckler")
        if not isinstance(request, Request):
            await app(scope, receive, send)
            return
        meter = Meter()
        request.note(NOTE, meter)
        before = _current.set(meter)
        try:
            await _Driven(app(scope, receive, send), meter)
        finally:
            _current.reset(before)
            await meter.settle()

    setattr(run, _METERED, True)
    return run


def counted(function: T) -> T:
    """Return `function`, which runs in a thread of its own, so that its time counts for the request that called it."""
    if hasattr(function, _METERED):
        return function

    @wraps(function)
    def run(*values: Any, **named: Any) -> Any:
        meter, began_s = _current.get(), thread_time()
        try:
            return function(*values, **named)
        finally:
            if meter is not None:
                meter.add(thread_time() - began_s)

    setattr(run, _METERED, True)
    return run  # type: ignore[return-value]  # `wraps` keeps the signature, not the type
