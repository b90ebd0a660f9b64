"""One file, many worker processes: counted exactly, and safe over a fork."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from buckler.core.clock import HandClock
from buckler.core.store import Add, Get, Put, Take, Taken
from buckler.errors import StoreError
from buckler.stores import sqlite
from buckler.stores.sqlite import SQLite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.synchronize import Barrier
    from pathlib import Path

    Results = multiprocessing.Queue[Any]
    Work = Callable[[Path, str, Barrier, Results], None]

PROCESSES, LIMIT, FILES = 8, 25, 10
PATIENCE_S = 180  # a busy machine takes its time to start eight processes
SPAWN = multiprocessing.get_context("spawn")


class Failure(str):
    """What went wrong in a worker."""

    __slots__ = ()


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


def _work(path: Path, name: str, barrier: Barrier, results: Results) -> None:
    with _told(barrier, results):
        store = SQLite(path, clock=HandClock(), busy_s=30)
        barrier.wait(PATIENCE_S)
        results.put(asyncio.run(_hammer(store, name)))


def _make(folder: Path, name: str, barrier: Barrier, results: Results) -> None:
    with _told(barrier, results):
        for number in range(FILES):
            barrier.wait(PATIENCE_S)
            SQLite(folder / f"{number}.db")
        results.put(name)


@contextmanager
def _told(barrier: Barrier, results: Results) -> Iterator[None]:
    """Tell the parent what went wrong, and let nobody wait for the one who failed."""
    try:
        yield
    except Exception as failure:  # noqa: BLE001  # the parent raises it
        results.put(Failure(f"{type(failure).__name__}: {failure}"))
        barrier.abort()


def _together(work: Work, place: Path) -> list[Any]:
    """What eight processes that begin at the same moment answer. Fails with what those have told that failed."""
    barrier, results = SPAWN.Barrier(PROCESSES), SPAWN.Queue()
    workers = [SPAWN.Process(target=work, args=(place, str(number), barrier, results)) for number in range(PROCESSES)]
    for worker in workers:
        worker.start()
    answers = [results.get(timeout=PATIENCE_S) for _ in workers]
    for worker in workers:
        worker.join(timeout=PATIENCE_S)
    failures = sorted({str(answer) for answer in answers if isinstance(answer, Failure)})
    assert not failures
    return answers


def test_eight_processes_never_exceed_a_limit(tmp_path: Path) -> None:
    counted = _together(_work, tmp_path / "state.db")
    assert sum(allowed for allowed, _ in counted) == LIMIT
    assert sum(added for _, added in counted) == 1


def test_eight_processes_make_one_file_at_the_same_moment(tmp_path: Path) -> None:
    assert len(_together(_make, tmp_path)) == PROCESSES


def _fail(place: Path, name: str, barrier: Barrier, results: Results) -> None:
    with _told(barrier, results):
        SQLite(place / "missing" / "state.db")


def test_a_worker_that_fails_is_heard_at_once(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"ConfigError: SQLite\.path"):
        _together(_fail, tmp_path)


async def test_a_forked_worker_opens_the_file_anew(tmp_path: Path) -> None:
    store = SQLite(tmp_path / "state.db")
    await store.batch([Put("k", b"parent", 60)])
    before = store._connection
    store._pid = os.getpid() - 1  # as a worker finds it after a fork
    assert await store.batch([Get("k")]) == [b"parent"]
    assert store._connection is not before
    assert before in sqlite._inherited  # neither used nor closed: both would break the parent's locks
    store._pid = os.getpid() - 1
    second = store._connection
    await store.close()
    assert store._connection is None
    assert sqlite._inherited[-2:] == [before, second]
    for connection in (before, second):  # here nobody else has them
        assert connection is not None
        sqlite._inherited.remove(connection)
        connection.close()


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
