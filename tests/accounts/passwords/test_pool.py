"""The pool: how many at once, who waits and who is told to come again, and what a visitor who goes away leaves behind."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from buckler.accounts.passwords import CHEAPEST_FOR_TESTS, Hasher, Passwords, work
from buckler.accounts.passwords.hasher import BUSY
from buckler.accounts.problems import AccountError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FEW = Passwords(profile=CHEAPEST_FOR_TESTS, workers=2, wait_s=0.05)
PATIENT = Passwords(profile=CHEAPEST_FOR_TESTS, workers=2, wait_s=60.0)
ONE = Passwords(profile=CHEAPEST_FOR_TESTS, workers=1, wait_s=60.0)


@pytest.fixture
def pool() -> Iterator[Hasher]:
    made = Hasher(PATIENT)
    yield made
    made.close()


class Gate:
    """Work that waits until the gate is opened, and counts how many are inside."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.entered = threading.Semaphore(0)
        self.inside = self.most = self.done = 0
        self._lock = threading.Lock()

    def __call__(self, name: str) -> str:
        with self._lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        self.entered.release()
        self.open.wait(120)
        with self._lock:
            self.inside -= 1
            self.done += 1
        return name


@pytest.fixture
def gate() -> Iterator[Gate]:
    """In place of making a hash: what holds a thread for as long as the test wants."""
    made = Gate()
    yield made
    made.open.set()


async def _until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110  # threads of no event loop are waited for
            await asyncio.sleep(0.001)


async def _begun(pool: Hasher, gate: Gate, *names: str) -> list[asyncio.Task[str]]:
    """Work that threads have begun. The event loop stands still until they have: nobody's `wait_s` is over before."""
    tasks = [asyncio.create_task(pool._work(gate, name)) for name in names]
    await asyncio.sleep(0)  # each hands over its work, and waits
    for _ in names:
        assert gate.entered.acquire(timeout=60)
    return tasks


async def test_only_as_many_at_once_as_there_are_workers(gate: Gate) -> None:
    pool = Hasher(PATIENT)
    tasks = [asyncio.create_task(pool._work(gate, f"password {number}")) for number in range(12)]
    await _until(lambda: gate.inside == 2)
    assert not any(task.done() for task in tasks)
    gate.open.set()
    assert await asyncio.gather(*tasks) == [f"password {number}" for number in range(12)]
    assert gate.most == 2
    pool.close()


async def test_who_waits_too_long_is_told_when_to_come_again(gate: Gate) -> None:
    pool = Hasher(FEW)
    working = await _begun(pool, gate, "first", "second")
    with pytest.raises(AccountError) as raised:
        await pool._work(gate, "third")
    assert (raised.value.problem, raised.value.problem.status, raised.value.retry_s) == (BUSY, 503, 0.05)
    with pytest.raises(AccountError):
        await pool.verify(None, "fourth")
    gate.open.set()
    assert await asyncio.gather(*working) == ["first", "second"]  # begun work was waited for, though it took longer than `wait_s`
    assert gate.done == 2
    pool.close()


async def test_who_would_wait_in_vain_is_told_at_once(gate: Gate) -> None:
    """Refusing late costs more: the connection is held, and a person is looked up for nothing."""
    pool = Hasher(ONE)
    pool.need_room()  # nothing is known yet of how long a hash takes
    working = asyncio.create_task(pool._work(gate, "first"))
    await _until(lambda: gate.inside == 1)
    pool.need_room()
    pool._took_s = 61.0
    with pytest.raises(AccountError) as raised:
        pool.need_room()
    assert (raised.value.problem, raised.value.retry_s) == (BUSY, 60.0)
    with pytest.raises(AccountError):
        await pool.verify(None, "second")
    gate.open.set()
    assert await working == "first"
    assert 0 < pool._took_s < 60
    await _until(lambda: not pool._under_way)
    pool.need_room()
    pool.close()


async def test_a_visitor_who_goes_away_does_not_free_the_thread(gate: Gate) -> None:
    """The permit belongs to the work: otherwise a flood of aborted requests would start any number of hashes."""
    pool = Hasher(FEW)
    gone = await _begun(pool, gate, "gone", "gone")
    for task in gone:
        task.cancel()
    assert [type(ended) for ended in await asyncio.gather(*gone, return_exceptions=True)] == [asyncio.CancelledError] * 2
    with pytest.raises(AccountError):
        await pool._work(gate, "next")
    assert gate.most == gate.inside == 2
    gate.open.set()
    await _until(lambda: not pool._under_way)
    assert gate.done == 2
    (later,) = await _begun(pool, gate, "later")
    assert await later == "later"
    pool.close()


async def test_a_visitor_who_goes_away_while_waiting_costs_nothing(gate: Gate) -> None:
    pool = Hasher(ONE)
    first, waiting = asyncio.create_task(pool._work(gate, "first")), asyncio.create_task(pool._work(gate, "waiting"))
    await _until(lambda: gate.inside == 1)
    waiting.cancel()
    await asyncio.wait((waiting,))
    gate.open.set()
    assert await first == "first"
    pool.close()
    assert gate.done == 1


async def test_nobody_waits_for_a_pool_that_was_closed(gate: Gate) -> None:
    pool = Hasher(ONE)
    first, waiting = asyncio.create_task(pool._work(gate, "first")), asyncio.create_task(pool._work(gate, "waiting"))
    await _until(lambda: gate.inside == 1)
    closing = threading.Thread(target=pool.close)
    closing.start()
    with pytest.raises(AccountError) as raised:  # at once, and not as a cancelled request
        await waiting
    assert raised.value.problem is BUSY
    gate.open.set()
    assert await first == "first"
    closing.join()
    with pytest.raises(AccountError):
        await pool.verify(None, "who comes later")


def test_several_event_loops_share_the_threads(gate: Gate) -> None:
    pool = Hasher(PATIENT)
    made: list[str] = []

    async def some() -> None:
        made.extend(await asyncio.gather(*(pool._work(gate, f"{threading.get_ident()} {number}") for number in range(4))))

    loops = [threading.Thread(target=asyncio.run, args=(some(),)) for _ in range(3)]
    for loop in loops:
        loop.start()
    for _ in range(2):
        assert gate.entered.acquire(timeout=60)
    gate.open.set()
    for loop in loops:
        loop.join()
    assert len(set(made)) == 12
    assert gate.most <= 2
    pool.close()


class Where:
    """Work that says in which thread it is done, and how far back that stands."""

    def do(self) -> tuple[int, int]:
        return threading.get_ident(), os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


async def test_never_on_the_event_loop_and_behind_it(pool: Hasher) -> None:
    thread, niceness = await pool._work(pool._do, Where())  # type: ignore[arg-type]  # it does as a job does
    assert thread != threading.get_ident()
    if sys.platform == "linux":
        assert niceness == max(work.NICENESS, os.getpriority(os.PRIO_PROCESS, 0))


@pytest.mark.parametrize("platform", ["darwin", "linux"])
async def test_without_priorities_it_works_all_the_same(platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(which: int, who: int, niceness: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "setpriority", forbidden)
    monkeypatch.setattr(sys, "platform", platform)
    pool = Hasher(PATIENT)
    assert await pool.verify(await pool.hash("password"), "password")
    pool.close()
