"""Plain functions whose results are kept, and what cannot be kept at all."""

from __future__ import annotations

import asyncio
import threading
import time
from contextvars import ContextVar
from typing import Any

import pytest

from buckler.cache.data import Memos
from buckler.cache.memo import _at_once
from buckler.errors import ConfigError
from buckler.stores.memory import Memory
from tests.cache.sources import CLOCK, Source
from tests.cache.stores import Away

WHO: ContextVar[str] = ContextVar("who")


def test_a_plain_function_stays_one(cache: Memos) -> None:
    source = Source()

    @cache.memo(ttl_s=10, tags=["x"])
    def double(number: int) -> list[int]:
        return source.read([2 * number])  # type: ignore[no-any-return]  # a list

    assert double(1) == double(number=1) == [2]
    assert double(1) is not double(1)
    assert source.calls == 1
    double.purge(1)
    assert double(1) == [2]
    assert source.calls == 2
    asyncio.run(cache.purge("x"))
    assert double(1) == [2]
    assert source.calls == 3


def test_threads_meet_too(cache: Memos) -> None:
    source = Source()

    @cache.memo(ttl_s=10)
    def slow() -> int:
        time.sleep(0.05)
        return source.read(1)  # type: ignore[no-any-return]  # a number

    answers: list[int] = []
    threads = [threading.Thread(target=lambda: answers.append(slow())) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [1] * 20
    assert source.calls == 1


def test_a_plain_function_gives_out_what_is_over_where_it_fails(cache: Memos) -> None:
    source = Source()

    @cache.memo(ttl_s=10, stale_s=60, early=0)
    def number() -> int:
        return source.number()

    assert number() == 1
    CLOCK.move(11)
    assert number() == 2
    CLOCK.move(11)
    source.failure = ValueError("a secret")
    assert number() == 2
    (event,) = cache.events.drain()
    assert event.detail.endswith("number: ValueError")
    CLOCK.move(61)
    with pytest.raises(ValueError, match="a secret"):
        number()


def test_threads_are_given_what_is_over_while_one_makes_it_anew(cache: Memos) -> None:
    begun, go = threading.Event(), threading.Event()
    numbers = iter([1, 2])

    @cache.memo(ttl_s=10, stale_s=60, early=0)
    def number() -> int:
        found = next(numbers)
        if found == 2:
            begun.set()
            go.wait(60)
        return found

    assert number() == 1
    CLOCK.move(11)
    thread = threading.Thread(target=number)
    thread.start()
    assert begun.wait(60)
    assert number() == 1
    go.set()
    thread.join()
    assert number() == 2


def test_what_another_thread_made_meanwhile_is_taken() -> None:
    behind = Between(clock=CLOCK)
    cache = Memos(behind, clock=CLOCK)
    source = Source()

    @cache.memo(ttl_s=10)
    def read() -> int:
        return source.number()

    behind.between = read  # another thread, between the look-up and the call
    assert read() == 1
    assert source.calls == 1


class Between(Memory):
    """Does something once, when it has answered."""

    between: Any = None

    def at_once(self, ops: list[Any]) -> Any:
        replies = super().at_once(ops)
        between, self.between = self.between, None
        if between is not None:
            between()
        return replies


def test_who_cannot_wait_is_never_made_to() -> None:
    with pytest.raises(RuntimeError, match="made to wait"):
        _at_once(asyncio.sleep(0))


async def test_what_cannot_work_stops_the_start(cache: Memos) -> None:
    def decorate(function: Any, **options: Any) -> Any:
        return cache.memo(**{"ttl_s": 1.0, **options})(function)

    async def read(slug: str) -> str:
        return slug

    class Library:
        async def read(self, slug: str) -> str:
            return slug

        @classmethod
        async def find(cls, slug: str) -> str:
            return slug

    async def several() -> Any:
        yield 1

    wrong: list[tuple[Any, dict[str, Any], str]] = [
        (read, {"ttl_s": 0}, r"memo\.ttl_s"),
        (read, {"wait_s": -1}, r"memo\.wait_s"),
        (read, {"stale_s": -1}, r"memo\.stale_s"),
        (read, {"negative_ttl_s": -1}, r"memo\.negative_ttl_s"),
        (read, {"early": -1}, r"memo\.early"),
        (read, {"scope": "private"}, r"memo\.scope"),
        (read, {"scope": "person"}, "name the parameter that says whose it is: one of slug"),
        (read, {"tags": "articles"}, r"memo\.tags"),
        (read, {"tags": [1]}, r"memo\.tags"),
        (read, {"encode": str.encode}, r"memo\.encode"),
        (Library.read, {}, "is a method"),
        (several, {}, "one by one"),
        (len, {}, "written with def"),
    ]
    for function, options, message in wrong:
        with pytest.raises(ConfigError, match=message):
            decorate(function, **options)


def test_two_functions_of_one_name_are_told_apart(cache: Memos) -> None:
    def made(number: int, **options: Any) -> Any:
        @cache.memo(ttl_s=10, **options)
        def read() -> int:
            return number

        return read

    assert made(1)() == 1
    with pytest.raises(ConfigError, match=r"another function of this name.*name=…"):
        made(2)
    assert made(3, name="third")() == 3


def test_a_plain_function_cannot_wait_for_a_network() -> None:
    with pytest.raises(ConfigError, match="async def"):
        Memos(Away()).memo(ttl_s=1)(test_two_functions_of_one_name_are_told_apart)
