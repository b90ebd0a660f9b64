"""Several real processes over one store: one call for all of them, and none that hangs when another dies."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from buckler.guard.data import Data
from buckler.stores import redis_node
from buckler.stores.redis import Redis
from buckler.stores.shared import Shared
from buckler.stores.sqlite import SQLite

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.synchronize import Event as ProcessEvent

    from buckler.core.store import Store
    from tests.servers.redis import RedisServer

PROCESSES, TASKS, PATIENCE_S = 4, 250, 180
DIES_S = 9.0  # its lock is renewed every three seconds, and it may be late by five
SPAWN = multiprocessing.get_context("spawn")  # as a server's workers; pytest's own threads are not forked along


def _store(place: str) -> Store:
    kind, _, where = place.partition(" ")
    redis_node.CONNECT_S = 60.0
    makers: dict[str, Callable[[], Store]] = {
        "sqlite": lambda: SQLite(where, busy_s=30),
        "shared": lambda: Shared("memo", folder=where, busy_s=30),
        "redis": lambda: Redis(where, wait_s=60, max_waiting=5000),
    }
    return makers[kind]()


@pytest.fixture(params=["sqlite", "shared", "redis"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "redis":
        server: RedisServer = request.getfixturevalue("redis_server")
        server.ask("FLUSHALL")
        return f"redis {server.url}"
    return f"sqlite {tmp_path / 'memo.db'}" if request.param == "sqlite" else f"shared {tmp_path}"


def _called(log: str) -> int:
    path = Path(log)
    return len(path.read_bytes()) if path.exists() else 0


async def _until(calls: int, log: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while _called(log) < calls:  # noqa: ASYNC110  # of another process, which has no event of ours
            await asyncio.sleep(0.02)


class Worker:
    """One process of an application. `log` grows by a byte with each call of the function itself. `lock_s`: when it counts as dead; on a
    busy machine, who is alive may say nothing for three seconds."""

    def __init__(self, place: str, log: str, store: Store | None = None, *, lock_s: float = 60.0) -> None:
        self.store = store or _store(place)
        self.data = Data(store=self.store, secrets=["a" * 32], near_s=0.05)
        self.data._flights._lock_s = lock_s
        self.log = log

        @self.data.memo(ttl_s=300, tags=["all"], wait_s=120, early=0)
        async def slow(number: int, takes_s: float) -> list[str]:
            self._call()
            await asyncio.sleep(takes_s)
            return [f"made by {os.getpid()}"]

        @self.data.memo(ttl_s=300, scope="person", wait_s=120, early=0)
        async def mine(person: str) -> str:
            self._call()
            return f"of {person}"

        self.slow, self.mine = slow, mine

    def _call(self) -> None:
        with Path(self.log).open("ab") as log:
            log.write(b".")


def _stampede(place: str, log: str, go: ProcessEvent, answers: Any) -> None:
    async def run() -> set[str]:
        worker = Worker(place, log)
        answers.put("ready")
        await asyncio.to_thread(go.wait, PATIENCE_S)
        found = await asyncio.gather(*(worker.slow(1, 0.2) for _ in range(TASKS)))
        mine = await asyncio.gather(*(worker.mine(f"p{number % 3}") for number in range(TASKS)))
        assert mine == [f"of p{number % 3}" for number in range(TASKS)]
        await worker.data.close()
        await worker.store.close()
        return {text for answer in found for text in answer}

    answers.put(asyncio.run(run()))


def _begun(target: Any, place: str, log: str, count: int) -> tuple[list[Any], ProcessEvent, Any]:
    go, answers = SPAWN.Event(), SPAWN.Queue()
    workers = [SPAWN.Process(target=target, args=(place, log, go, answers), daemon=True) for _ in range(count)]
    for worker in workers:
        worker.start()
    assert {answers.get(timeout=PATIENCE_S) for _ in workers} == {"ready"}
    return workers, go, answers


def test_a_thousand_misses_in_four_processes_are_one_call(place: str, tmp_path: Path) -> None:
    log = str(tmp_path / "log")
    workers, go, answers = _begun(_stampede, place, log, PROCESSES)
    go.set()
    found = [answers.get(timeout=PATIENCE_S) for _ in workers]
    for worker in workers:
        worker.join(PATIENCE_S)
    assert len(set.union(*found)) == 1
    assert _called(log) == 1 + 3  # once for everybody, and once for each of three people


def _hang(place: str, log: str, go: ProcessEvent, answers: Any) -> None:
    """Begin the work, and never end it."""

    async def run() -> None:
        worker = Worker(place, log, lock_s=DIES_S)
        task = asyncio.create_task(worker.slow(2, 3600))
        await _until(1, log)
        answers.put("ready")
        await task

    asyncio.run(run())


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stopped"])
async def test_who_dies_at_work_keeps_nobody_waiting_for_ever(how: signal.Signals, place: str, tmp_path: Path) -> None:
    log = str(tmp_path / "log")
    (dying,), _, _ = await asyncio.to_thread(_begun, _hang, place, log, 1)
    worker = Worker(place, log, lock_s=DIES_S)
    waiting = [asyncio.create_task(worker.slow(2, 3600)) for _ in range(3)]  # the same call: it would wait for the other's
    await asyncio.sleep(0.3)
    assert _called(log) == 1  # which is alive, and so is its lock
    os.kill(dying.pid, how)
    await _until(2, log)  # the lock has run out
    for task in waiting:
        task.cancel()
    await worker.data.close()
    await worker.store.close()
    os.kill(dying.pid, signal.SIGKILL)
    dying.join(PATIENCE_S)
    assert _called(log) == 2


async def test_a_purge_reaches_the_others_within_the_stated_time(place: str, tmp_path: Path) -> None:
    log = str(tmp_path / "log")
    here = Worker(place, log)
    there = Worker(place, log, here.store if place.startswith("shared") else None)  # a process opens shared memory once
    assert await here.slow(3, 0) == await there.slow(3, 0)
    assert _called(log) == 1
    await here.data.purge("all")
    await asyncio.sleep(0.06)
    assert await there.slow(3, 0)
    assert _called(log) == 2
    await here.slow.purge(3, 0)
    await asyncio.sleep(0.06)
    assert await there.slow(3, 0)
    assert _called(log) == 3
    for worker in (here, there):
        await worker.data.close()
        await worker.store.close()  # the second time, it has nothing to do
