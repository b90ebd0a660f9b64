"""Functions whose results are kept: the two kinds of them, those that wait and plain ones.

Work that is done for many belongs to no caller. A function that waits runs in a task of its own, without the context variables of whoever
came first: a session or a person that hides in one of them cannot get into what everybody is given. It fails there with LookupError.
"""

from __future__ import annotations

import functools
from contextvars import Context
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, cast

from buckler.cache.early import is_due
from buckler.cache.flights import Work
from buckler.cache.held import NOTHING, Held

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from buckler.cache.flights import Flights
    from buckler.cache.function import Call, Function
    from buckler.cache.held import Form
    from buckler.cache.kept import Kept
    from buckler.cache.rules import Rules
    from buckler.cache.shelf import Shelf
    from buckler.cache.tags import Moment
    from buckler.cache.threads import Threads
    from buckler.core.clock import Clock

P = ParamSpec("P")
R = TypeVar("R")


class _Memo(Generic[P, R]):
    """What both kinds share."""

    def __init__(self, function: Function, form: Form, rules: Rules, shelf: Shelf[Held], clock: Clock) -> None:
        self._function, self._form, self._rules, self._shelf, self._clock = function, form, rules, shelf, clock

    def _due(self, kept: Kept[Held]) -> bool:
        left_s = kept.until_s - self._clock.now()
        return left_s <= 0 or is_due(left_s, kept.made_in_s, self._rules.early)

    def _fresh(self, kept: Kept[Held] | None, call: Call) -> Held | None:
        """What another has made meanwhile, where it is good."""
        if kept is None or kept.until_s <= self._clock.now() or self._form.read(kept.thing, call) is NOTHING:
            return None
        return kept.thing

    async def _keep(self, call: Call, thing: object, tags: tuple[str, ...], since: Moment, began_s: float) -> Held:
        rules = self._rules
        held = self._form.held(thing, call)
        ttl_s, keep_s = rules.ttl_s, rules.stale_s
        if thing is None and rules.negative_ttl_s is not None:
            ttl_s, keep_s = rules.negative_ttl_s, 0.0
        if ttl_s > 0:
            made_in_s = self._clock.monotonic() - began_s
            await self._shelf.put(call.key, held, ttl_s=ttl_s, tags=tags, made_in_s=made_in_s, keep_s=keep_s, since=since)
        return held

    def _value(self, held: Held, call: Call) -> R:
        found = self._form.read(held, call)
        if found is NOTHING:
            raise ValueError(f"{self._function.name}: decode does not read what encode has written")
        return cast("R", found)


class AsyncMemo(_Memo[P, R]):
    """An `async` function whose results are kept. `await it(…)` as before."""

    def __init__(self, made: Callable[P, Awaitable[R]], *parts: Any, flights: Flights) -> None:
        super().__init__(*parts)
        functools.update_wrapper(self, made)
        self._made, self._flights = made, flights

    async def __call__(self, *args: P.args, **given: P.kwargs) -> R:
        """Return the kept result, or a new one."""
        call = self._function.call(args, given)
        kept = self._shelf.near(call.key)
        if kept is None:
            kept = await self._shelf.get(call.key, tags=self._rules.tags_of(args, given))
        if kept is not None:
            found = self._form.read(kept.thing, call)
            if found is not NOTHING:
                if self._due(kept):
                    self._flights.start(call.key, self._work(call, args, given))
                return cast("R", found)
        held = await self._flights.once(call.key, self._work(call, args, given), wait_s=self._rules.wait_s)
        return self._value(held, call)

    async def purge(self, *args: P.args, **given: P.kwargs) -> None:
        """Forget the result of this call, also one that is being made. Raises StoreError when other processes have not heard of it."""
        key = self._function.call(args, given).key
        self._flights.forget(key)
        await self._shelf.drop(key)

    def _work(self, call: Call, args: Any, given: Any) -> Work[Held]:
        tags = self._rules.tags_of(args, given)

        async def look() -> Held | None:
            return self._fresh(await self._shelf.get(call.key, tags=tags), call)

        async def make() -> Held:
            since, began_s = self._shelf.moment(), self._clock.monotonic()
            return await self._keep(call, await self._made(*args, **given), tags, since, began_s)

        return Work(make, look, about=self._function.name, tags=tags, context=Context())


class PlainMemo(_Memo[P, R]):
    """A plain function whose results are kept; several threads may call it. What is over is made anew by whoever comes first, in their own
    thread, while the others are given what there is."""

    def __init__(self, made: Callable[P, R], *parts: Any, threads: Threads) -> None:
        super().__init__(*parts)
        functools.update_wrapper(self, made)
        self._made, self._threads = made, threads

    def __call__(self, *args: P.args, **given: P.kwargs) -> R:
        """Return the kept result, or a new one."""
        call = self._function.call(args, given)
        kept = self._shelf.near(call.key)
        if kept is None:
            kept = _at_once(self._shelf.get(call.key, tags=self._rules.tags_of(args, given)))
        found = NOTHING if kept is None else self._form.read(kept.thing, call)
        if found is not NOTHING and kept is not None and (not self._due(kept) or self._threads.is_on_its_way(call.key)):
            return cast("R", found)
        try:
            held = self._threads.once(call.key, lambda: self._make(call, args, given, anew=kept is not None), wait_s=self._rules.wait_s)
        except Exception as failure:
            if found is NOTHING:
                raise
            self._threads.failed(self._function.name, failure)
            return cast("R", found)
        return self._value(held, call)

    def purge(self, *args: P.args, **given: P.kwargs) -> None:
        """Forget the result of this call, also one that is being made. Raises StoreError when other processes have not heard of it."""
        key = self._function.call(args, given).key
        self._threads.forget(key)
        _at_once(self._shelf.drop(key))

    def _make(self, call: Call, args: Any, given: Any, *, anew: bool) -> Held:
        found = None if anew else self._fresh(self._shelf.near(call.key), call)
        if found is not None:
            return found
        since, began_s = self._shelf.moment(), self._clock.monotonic()
        thing = Context().run(self._made, *args, **given)
        return _at_once(self._keep(call, thing, self._rules.tags_of(args, given), since, began_s))


def _at_once(doing: Coroutine[Any, Any, R]) -> R:
    """What a coroutine returns that never waits, since its shelf is an immediate one."""
    try:
        doing.send(None)
    except StopIteration as done:
        return cast("R", done.value)
    doing.close()
    raise RuntimeError("a plain function was made to wait")
