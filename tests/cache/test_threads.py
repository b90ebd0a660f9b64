"""Single-flight among threads."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from buckler.cache.threads import Threads
from buckler.core.clock import HandClock
from buckler.core.event import Events
from buckler.errors import BusyError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future


class Maker:
    """Makes 1, 2, … when it is let; fails with what is in `failures` first."""

    def __init__(self, *failures: Exception) -> None:
        self.go, self.begun, self.calls, self.failures = threading.Event(), threading.Event(), 0, list(failures)

    def __call__(self) -> int:
        self.calls += 1
        mine = self.calls
        self.begun.set()
        assert self.go.wait(30)
        if self.failures:
            raise self.failures.pop(0)
        return mine


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(20) as made:
        yield made


def begun(threads: Threads, maker: Maker, pool: ThreadPoolExecutor, count: int) -> list[Future[int]]:
    """One who makes it, and `count` who wait."""
    first = pool.submit(threads.once, "k", maker, wait_s=30)
    assert maker.begun.wait(30)
    started = threading.Barrier(count + 1)

    def join() -> int:
        started.wait(30)
        return threads.once("k", maker, wait_s=30)

    rest = [pool.submit(join) for _ in range(count)]
    started.wait(30)
    return [first, *rest]


def made() -> Threads:
    return Threads(HandClock(), Events())


def test_when_the_maker_fails_others_try(pool: ThreadPoolExecutor) -> None:
    maker = Maker(ValueError("first"))
    answers = begun(made(), maker, pool, 5)
    while len(maker.failures):
        maker.go.set()
    assert isinstance(answers[0].exception(), ValueError)
    assert all(isinstance(answer.result(), int) for answer in answers[1:])


def test_who_failed_twice_is_told(pool: ThreadPoolExecutor) -> None:
    threads = made()
    first, second = Maker(ValueError("first")), Maker(KeyError("second"))
    leader = pool.submit(threads.once, "k", first, wait_s=30)
    assert first.begun.wait(30)
    flight, _ = threads._flight("k")
    waiting = pool.submit(threads.once, "k", first, wait_s=30)
    while not flight._waiters:  # until it waits
        time.sleep(0.001)
    threads.forget("k")
    again = pool.submit(threads.once, "k", second, wait_s=30)
    assert second.begun.wait(30)
    later, _ = threads._flight("k")
    first.go.set()
    while not later._waiters:
        time.sleep(0.001)
    second.go.set()
    assert [type(answer.exception()) for answer in (leader, waiting, again)] == [ValueError, KeyError, KeyError]


def test_waiting_has_an_end(pool: ThreadPoolExecutor) -> None:
    threads, maker = made(), Maker()
    (first,) = begun(threads, maker, pool, 0)
    with pytest.raises(BusyError):
        threads.once("k", maker, wait_s=0.01)
    maker.go.set()
    assert first.result() == 1


def test_a_thread_with_a_loop_makes_its_own(pool: ThreadPoolExecutor) -> None:
    threads, maker = made(), Maker()
    (first,) = begun(threads, maker, pool, 0)

    async def ask() -> int:
        return threads.once("k", lambda: 7, wait_s=30)

    assert asyncio.run(ask()) == 7
    maker.go.set()
    assert first.result() == 1


def test_who_calls_itself_does_not_wait_for_itself() -> None:
    threads = made()
    assert threads.once("k", lambda: threads.once("k", lambda: 7, wait_s=30) + 1, wait_s=30) == 8


def test_what_is_out_of_date_is_joined_by_nobody(pool: ThreadPoolExecutor) -> None:
    threads, maker = made(), Maker()
    (first,) = begun(threads, maker, pool, 0)
    assert threads.is_on_its_way("k")
    threads.forget()
    threads.forget("unknown")
    assert not threads.is_on_its_way("k")
    assert threads.once("k", lambda: 7, wait_s=30) == 7
    maker.go.set()
    assert first.result() == 1
