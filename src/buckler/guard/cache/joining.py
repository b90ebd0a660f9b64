"""What a route that says `cached` asks of the cache, once the router has chosen it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from buckler.cache.flights import Work
from buckler.guard.cache.keep import PERSON
from buckler.guard.cache.keys import key_of
from buckler.guard.cache.rules import is_for_itself
from buckler.guard.cache.turn import Turn

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from buckler.core.request import Request
    from buckler.guard.cache.keep import Keep
    from buckler.guard.cache.serving import HTTPCache
    from buckler.guard.cache.stored import Stored


_LEADERS = 3  # who waited in vain for one of them, because of something that was wrong with this one's request, waits for the next


async def join(cache: HTTPCache, request: Request, keep: Keep) -> bool:
    """Whether an answer is there, which the guard then sends in place of whatever the application says.

    Else this request is the one that makes it: who asks for the same meanwhile, here or in another process that shares the store, waits
    for it, at most `wait_s`. What turns out not to be kept is everybody's own work again.
    """
    if request.method not in {"GET", "HEAD"}:
        return False
    turn = request.turn
    if turn is None:
        turn = request.turn = Turn(cache, key_of(request), request.moment)
    if keep.scope == PERSON:
        return await cache.persons.join(request, turn, keep)
    turn.keep = keep
    if request.tainted or turn.done is not None or turn.stale is not None or request.method == "HEAD" or cache.is_unkept(turn.key):
        return False
    if is_for_itself(request):
        return False
    found = await cache.far(turn.key, request, keep.tags)
    if found is None and request.turn is turn:
        found = await _fly(cache, request, turn, keep)
    if found is not None:
        request.turn, turn.instead = turn, found
        return True
    request.turn.keep = keep  # where something stale was found, the turn is another one now
    return False


async def _fly(cache: HTTPCache, request: Request, turn: Turn, keep: Keep) -> Stored | None:
    """Wait for whoever is making the answer; or else become the one."""
    for _ in range(_LEADERS):
        if turn.key not in cache.leading:
            break
        found = await _waiting(cache, request, turn)
        if found is not None or cache.is_unkept(turn.key):
            return found
    if turn.key in cache.leading:
        return None
    loop = asyncio.get_running_loop()
    cache.busy = True  # who comes from now on is to look who leads, before the gates and the router
    done = turn.done = cache.leading[turn.key] = loop.create_future()
    if not cache.is_far:
        return None

    async def look() -> Stored | None:
        return await cache.far(turn.key, request, keep.tags)

    found = await _elsewhere(cache, turn.key, look, done)
    if found is not None:
        turn.settle(found)
    return found


async def _waiting(cache: HTTPCache, request: Request, turn: Turn) -> Stored | None:
    """Wait for whoever leads, without a place among those at work."""
    for tell in cache.plan.paused:
        tell(request)
    try:
        return await cache.follow(request, turn)
    finally:
        for tell in cache.plan.resumed:
            tell(request)


async def _elsewhere(
    cache: HTTPCache, key: str, look: Callable[[], Awaitable[Stored | None]], done: asyncio.Future[Stored | None]
) -> Stored | None:
    """Return what another process has made, or None where this one is to make it, under the lock that the others wait for."""
    ours = asyncio.get_running_loop().create_future()

    async def make() -> None:
        ours.set_result(None)
        await asyncio.shield(done)

    waiting: asyncio.Future[Stored | None] = asyncio.ensure_future(cache.flights.once(key, Work(make, look), wait_s=cache.options.wait_s))
    waiting.add_done_callback(_heard)
    await asyncio.wait((waiting, ours), return_when=asyncio.FIRST_COMPLETED)
    return waiting.result() if waiting.done() and waiting.exception() is None else None


def _heard(waiting: asyncio.Future[Stored | None]) -> None:
    """Take note of how waiting ended, so that nobody is told of an error that is none: too long, or too many."""
    waiting.cancelled() or waiting.exception()
