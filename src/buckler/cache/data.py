"""One cache for the data of an application, and the decorator that puts functions behind it."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Protocol, TypedDict, TypeVar, Unpack, overload

from buckler.cache.flights import Flights
from buckler.cache.function import Function
from buckler.cache.held import Form, Held, raw_of, size_of
from buckler.cache.memo import AsyncMemo, PlainMemo
from buckler.cache.rules import Options, Rules
from buckler.cache.shelf import Shelf
from buckler.cache.threads import Threads
from buckler.core.clock import Clock, SystemClock
from buckler.core.event import Events
from buckler.core.options import need, need_positive
from buckler.core.store import Reach, able
from buckler.errors import UnknownOptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from types import CodeType
    from typing import ParamSpec

    from buckler.core.sign import Keys
    from buckler.core.store import Store

    P = ParamSpec("P")
R = TypeVar("R")


class Decorator(Protocol):
    """Puts a function behind the cache; its arguments and its result stay what they were."""

    @overload
    def __call__(self, function: Callable[P, Coroutine[Any, Any, R]]) -> AsyncMemo[P, R]: ...  # type: ignore[overload-overlap]  # a coroutine function is also a function: the first that fits

    @overload
    def __call__(self, function: Callable[P, R]) -> PlainMemo[P, R]: ...


class Bounds(TypedDict, total=False):
    """What a cache may use, each with a default."""

    space: str
    max_entries: int
    max_bytes: int
    near_s: float
    max_waiting: int
    max_background: int
    work_s: float


class Memos:
    """A cache in two levels: this process, at most `max_entries` results and `max_bytes`; and `store`, which the caller has sealed where it
    is reached over a network. `near_s`: for how long a purge in another process may go unseen here.

    `events` gets what fails: a store that does not answer (`store.failed`), a refresh in the background (`cache.failed`).
    """

    def __init__(
        self,
        store: Store | None = None,
        *,
        keys: Keys | None = None,
        clock: Clock | None = None,
        events: Events | None = None,
        **bounds: Unpack[Bounds],
    ) -> None:
        self._clock, self._keys = clock or SystemClock(), keys
        self.events = events if events is not None else Events()
        self._waits = store is not None and (able(store).reach is Reach.NETWORK or not hasattr(store, "at_once"))
        space, work_s = bounds.get("space", "memo"), bounds.get("work_s", 60.0)
        need_positive(self, work_s=work_s)
        self._shelf: Shelf[Held] = Shelf(
            space,
            store,
            encode=raw_of,
            decode=Held,
            size=size_of,
            max_entries=bounds.get("max_entries", 10_000),
            max_bytes=bounds.get("max_bytes", 64 << 20),
            near_s=bounds.get("near_s", 1.0),
            drop_s=2 * work_s,
            clock=self._clock,
            events=self.events,
        )
        most = {"max_waiting": bounds.get("max_waiting", 10_000), "max_background": bounds.get("max_background", 16)}
        self._flights = Flights(space, store, **most, work_s=work_s, clock=self._clock, events=self.events)
        self._threads = Threads(self._clock, self.events)
        self._names: dict[str, CodeType] = {}

    def memo(self, **options: Unpack[Options]) -> Decorator:
        """Keep a function's results for `ttl_s`.

        `stale_s`: for so long after that they are still given out, while one is made anew in the background; also when that fails.
        `negative_ttl_s`: how long None is kept (0: not at all; None: as everything else). `early`: how readily a result is made anew
        before its time is over (XFetch's beta). `wait_s`: for how long a caller waits for what another makes. `tags`: texts, or a function
        of the arguments that returns them. `key`: a function of the arguments that returns what the result depends on, in place of them
        all. `scope="person"`: kept for each person apart, encrypted for them; `person` is the parameter that says who. `version`: change it
        when what the function returns has changed. `name`: of the function, where two would have the same. `encode` and `decode`: where
        the result is not made of what values.py can write.

        Raises ConfigError for what cannot work.
        """
        for name in options:
            if name not in Options.__annotations__:
                raise UnknownOptionError("memo", name, Options.__annotations__)
        rules = Rules(**options)

        def decorate(function: Callable[..., Any]) -> Any:
            return self._decorated(function, rules)

        return decorate

    async def purge(self, *tags: str) -> None:
        """Forget every result with one of `tags`, also those that are being made. One round trip. Raises StoreError when other processes
        have not heard of it."""
        self._flights.forget_tagged(*tags)
        self._threads.forget()
        await self._shelf.purge(*tags)

    async def close(self) -> None:
        """End the work in the background. The store is its owner's to close."""
        await self._flights.close()

    def _decorated(self, function: Callable[..., Any], rules: Rules) -> Any:
        known = Function(function, key=rules.key, person=rules.parameter, version=rules.version, name=rules.name)
        self._register(known.name, function)
        form = Form(function, rules, known.name, self._keys)
        parts = (known, form, rules)
        if inspect.iscoroutinefunction(function):
            return AsyncMemo(function, *parts, self._shelf, self._clock, flights=self._flights)
        generates = inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)
        need(not generates, "memo", known.name, "yields its results one by one; return a list of them")
        need(not self._waits, "memo", known.name, "a plain function cannot wait for a store over the network; make it `async def`")
        return PlainMemo(function, *parts, self._shelf.immediate(), self._clock, threads=self._threads)

    def _register(self, name: str, function: Callable[..., Any]) -> None:
        """Two functions of one name would read each other's results: closures of one factory, or a method and a function."""
        code = getattr(function, "__code__", None)
        need(code is not None, "memo", name, "decorate a function that is written with def")
        twice = name in self._names and (self._names[name] != code or function.__closure__)
        need(not twice, "memo", name, "another function of this name is kept already; give one of them name=…")
        self._names[name] = function.__code__
