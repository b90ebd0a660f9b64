"""The breaker: deadlines, bounds, and one call that tries again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from buckler.core.clock import HandClock
from buckler.errors import ConfigError, StoreError
from buckler.stores.breaker import Breaker

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


async def _good() -> int:
    return 7


async def _bad() -> int:
    raise ConnectionRefusedError("refused")


async def _silent() -> int:
    await asyncio.Event().wait()
    return 0


async def _fail(breaker: Breaker, call: Callable[[], Awaitable[int]], message: str) -> None:
    with pytest.raises(StoreError, match=message):
        await breaker.run(call)


async def test_what_a_call_returns_is_returned() -> None:
    assert await Breaker("Redis").run(_good) == 7


async def test_every_failure_is_a_store_error_with_its_cause() -> None:
    with pytest.raises(StoreError, match=r"^Redis: refused$") as found:
        await Breaker("Redis").run(_bad)
    assert isinstance(found.value.__cause__, ConnectionRefusedError)


async def test_a_failure_without_words_is_named() -> None:
    async def mute() -> int:
        raise EOFError

    await _fail(Breaker("Redis"), mute, "EOFError")


async def test_a_stalled_call_ends_at_its_deadline() -> None:
    breaker = Breaker("Redis", wait_s=0.01)
    await _fail(breaker, _silent, r"no answer in 0\.01 s")
    assert breaker.waiting == 0


async def test_a_call_may_keep_its_own_time() -> None:
    async def late() -> int:
        raise TimeoutError

    breaker = Breaker("Redis", wait_s=0.5)
    with pytest.raises(StoreError, match=r"no answer in 0\.5 s"):
        await breaker.run(late, timed=False)
    assert await breaker.run(_good, timed=False) == 7


async def test_only_so_many_wait() -> None:
    breaker = Breaker("Redis", wait_s=60, max_waiting=2)
    waiting = [asyncio.create_task(breaker.run(_silent)) for _ in range(2)]
    await asyncio.sleep(0)
    await _fail(breaker, _good, "2 calls are waiting already")
    for task in waiting:
        task.cancel()
    ended = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(end) for end in ended] == [asyncio.CancelledError] * 2
    assert await breaker.run(_good) == 7


async def test_it_opens_after_failures_in_a_row_and_closes_after_one_success() -> None:
    clock = HandClock()
    breaker = Breaker("Redis", failures=3, rest_s=5, monotonic=clock.monotonic)
    for _ in range(2):
        await _fail(breaker, _bad, "refused")
    assert await breaker.run(_good) == 7  # not in a row any more
    for _ in range(3):
        await _fail(breaker, _bad, "refused")
    assert breaker.is_open
    await _fail(breaker, _good, "left alone")
    clock.move(5)
    assert await breaker.run(_good) == 7
    assert not breaker.is_open


async def test_one_call_tries_and_the_others_fail_at_once() -> None:
    clock = HandClock()
    breaker = Breaker("Redis", failures=1, rest_s=5, monotonic=clock.monotonic)
    await _fail(breaker, _bad, "refused")
    clock.move(5)
    go_on = asyncio.Event()

    async def slow() -> int:
        await go_on.wait()
        return 7

    trying = asyncio.create_task(breaker.run(slow))
    await asyncio.sleep(0)
    await _fail(breaker, _good, "left alone")
    go_on.set()
    assert await trying == 7
    assert await breaker.run(_good) == 7


async def test_a_try_that_fails_begins_a_new_rest() -> None:
    clock = HandClock()
    breaker = Breaker("Redis", failures=1, rest_s=5, monotonic=clock.monotonic)
    await _fail(breaker, _bad, "refused")
    clock.move(5)
    await _fail(breaker, _bad, "refused")
    await _fail(breaker, _good, "left alone")


async def test_a_try_that_is_cancelled_leaves_the_next_one_to_try() -> None:
    clock = HandClock()
    breaker = Breaker("Redis", failures=1, rest_s=5, monotonic=clock.monotonic)
    await _fail(breaker, _bad, "refused")
    clock.move(5)
    trying = asyncio.create_task(breaker.run(_silent))
    await asyncio.sleep(0)
    trying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await trying
    assert await breaker.run(_good) == 7


async def test_a_server_that_answers_no_is_alive() -> None:
    async def full() -> int:
        raise LookupError("out of memory")

    breaker = Breaker("Redis", failures=2, answered=(LookupError,))
    for _ in range(5):
        await _fail(breaker, full, "out of memory")
    await _fail(breaker, _bad, "refused")
    await _fail(breaker, full, "out of memory")
    await _fail(breaker, _bad, "refused")
    assert not breaker.is_open


async def test_a_client_that_drops_the_call_does_not_cancel_the_request() -> None:
    async def dropped() -> int:
        raise asyncio.CancelledError

    breaker = Breaker("Redis", failures=1)
    await _fail(breaker, dropped, "dropped")
    assert breaker.is_open


@pytest.mark.parametrize("option", ["wait_s", "max_waiting", "failures", "rest_s"])
def test_numbers_are_over_zero(option: str) -> None:
    with pytest.raises(ConfigError, match=f"Breaker.{option}"):
        Breaker("Redis", **{option: 0})  # type: ignore[arg-type]  # by name
