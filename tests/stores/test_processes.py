"""One file, many worker processes: counted exactly, and safe over a fork."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from typing import TYPE_CHECKING

import pytest

from buckler.core.clock import HandClock
from buckler.core.store import Add, Get, Put, Take, Taken
from buckler.errors import StoreError
from buckler.stores import sqlite
from buckler.stores.sqlite import SQLite

if TYPE_CHECKING:
    from multiprocessing.synchronize import Barrier
    from pathlib import Path

PROCESSES, LIMIT = 8, 25
SPAWN = multiprocessing.get_context("spawn")


async def _hammer(store: SQLite, name: str) -> tuple[int, bool]:
    """Ten tasks at a time, forty attempts; return how many were allowed, and whether this process was the one that added."""

    async def once() -> bool:
        answer = (await store.batch([Take("sign-in", LIMIT, 3600)]))[0]
        return isinstance(answer, Taken) and answer.allowed

    allowed = 0
    for _ in range(4):
        allowed += sum(await asyncio.gather(*(once() for _ in range(10))))
    (added,) = await store.batch([Add("once", name.encode(), 60)])
    await store.close()
    return allowed, added is True


def _work(path: str, name: str, barrier: Barrier, results: multiprocessing.Queue[tuple[int, bool]]) -> None:
    store = SQLite(path, clock=HandClock(), busy_s=30)
    barrier.wait()
    results.put(asyncio.run(_hammer(store, name)))


def test_eight_processes_never_exceed_a_limit(tmp_path: Path) -> None:
    barrier, results = SPAWN.Barrier(PROCESSES), SPAWN.Queue()
    workers = [SPAWN.Process(target=_work, args=(str(tmp_path / "state.db"), str(n), barrier, results)) for n in range(PROCESSES)]
    for worker in workers:
        worker.start()
    counted = [results.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join(timeout=60)
    assert sum(allowed for allowed, _ in counted) == LIMIT
    assert sum(added for _, added in counted) == 1


async def test_a_forked_worker_opens_the_file_anew(tmp_path: Path) -> None:
    store = SQLite(tmp_path / "state.db")
    await store.batch([Put("k", b"parent", 60)])
    before = store._connection
    store._pid = os.getpid() - 1  # as a worker finds it after a fork
    assert await store.batch([Get("k")]) == [b"parent"]
    assert store._connection is not before
    assert before in sqlite._inherited  # neither used nor closed: both would break the parent's locks
    store._pid = os.getpid() - 1
    await store.close()
    assert store._connection is None


async def test_two_event_loops_share_a_store(tmp_path: Path) -> None:
    store = SQLite(tmp_path / "state.db")

    def elsewhere() -> None:
        asyncio.run(store.batch([Put("there", b"1", 60)]))

    await asyncio.gather(*(asyncio.to_thread(elsewhere) for _ in range(4)), *(store.batch([Put("here", b"1", 60)]) for _ in range(50)))
    assert await store.batch([Get("here"), Get("there")]) == [b"1", b"1"]
    await store.close()


async def test_a_store_whose_file_is_gone_says_so_when_it_opens(tmp_path: Path) -> None:
    store = SQLite(tmp_path / "folder.db")
    (tmp_path / "folder.db").unlink()
    (tmp_path / "folder.db").mkdir()
    with pytest.raises(StoreError, match="unable to open"):
        await store.batch([Get("k")])
