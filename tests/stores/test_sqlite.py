"""What SQLite's file may be, who may read it, and how it is swept out."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from buckler.core.clock import HandClock
from buckler.core.store import Get, Put, Take, Taken
from buckler.errors import ConfigError, StoreError
from buckler.stores.sqlite import SQLite

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from buckler.core.store import Store

CLOCK = HandClock()


def _sqlite(path: Path, **options: Any) -> SQLite:
    return SQLite(path / "state.db", clock=CLOCK, **options)


async def _takes(store: Store, *takes: Take) -> list[Taken]:
    return [answer for answer in await store.batch(list(takes)) if isinstance(answer, Taken)]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda path: SQLite(path / "missing" / "state.db"), "a folder that exists"),
        (SQLite, "Is a directory"),
        (lambda _: SQLite("/proc/state.db"), "may write to"),
        (lambda _: SQLite(":memory:"), r"Memory\(\)"),
        (lambda path: SQLite(path / "s.db", busy_s=0), "SQLite.busy_s"),
        (lambda path: SQLite(path / "s.db", max_bytes=-1), "SQLite.max_bytes"),
    ],
)
def test_a_place_that_cannot_work_stops_the_start(build: Callable[[Path], Store], message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        build(tmp_path)


def test_a_damaged_file_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"not a database" * 1000)
    with pytest.raises(ConfigError, match="move the file away"):
        SQLite(tmp_path / "state.db")


def test_a_disk_without_shared_memory_stops_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("buckler.stores.sqlite._JOURNAL", "PRAGMA journal_mode = DELETE")  # what SQLite answers there
    with pytest.raises(ConfigError, match="local disk"):
        SQLite(tmp_path / "state.db")


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.touch(0o644)
    store = SQLite(path)
    asyncio.run(store.batch([Put("k", b"1", 60)]))
    assert {item.stat().st_mode & 0o777 for item in tmp_path.iterdir()} == {0o600}
    asyncio.run(store.close())


async def test_sqlite_survives_a_restart(tmp_path: Path) -> None:
    first = _sqlite(tmp_path)
    await first.batch([Put("k", b"1", 60), Take("q", 1, 60)])
    await first.close()
    second = _sqlite(tmp_path)
    assert await second.batch([Get("k")]) == [b"1"]
    assert not (await _takes(second, Take("q", 1, 60)))[0].allowed
    await second.close()


async def test_a_file_that_is_held_by_another_process_is_waited_for(tmp_path: Path) -> None:
    store = _sqlite(tmp_path)
    with closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(store.batch([Put("k", b"1", 60)]))
        assert await store.batch([Get("k")]) == [None]  # reading goes on
        await asyncio.sleep(0.005)
        assert not waiting.done()
        other.execute("ROLLBACK")
        assert await waiting == [None]
    await store.close()


async def test_a_file_that_stays_held_is_an_error_in_bounded_time(tmp_path: Path) -> None:
    store = _sqlite(tmp_path, busy_s=0.01)
    with closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked"):
            await store.batch([Put("k", b"1", 60)])
    assert await store.batch([Put("k", b"1", 60), Get("k")]) == [None, b"1"]
    await store.close()


async def test_a_full_file_is_an_error_until_what_expired_is_swept_out(tmp_path: Path) -> None:
    store = _sqlite(tmp_path, max_bytes=100_000)
    await store.batch([Put("k0", b"x" * 4000, 60)])
    with pytest.raises(StoreError, match="full"):
        await store.batch([Put(f"k{number}", b"x" * 4000, 60) for number in range(50)])
    store._tidying.join()
    assert await store.batch([Get("k0")]) == [b"x" * 4000]
    CLOCK.move(61)
    with pytest.raises(StoreError, match="full"):
        await store.batch([Put(f"n{number}", b"x" * 4000, 60) for number in range(50)])
    store._tidying.join()
    assert await store.batch([Put("k", b"x" * 4000, 60), Get("k0")]) == [None, None]
    await store.close()


async def test_a_file_damaged_while_in_use_is_an_error(tmp_path: Path) -> None:
    store = _sqlite(tmp_path)
    await store.batch([Put(f"k{number}", b"x" * 4000, 60) for number in range(100)])
    await store.close()  # the log is folded into the file
    path = tmp_path / "state.db"
    raw = path.read_bytes()
    path.write_bytes(raw[:4096] + b"\xff" * (len(raw) - 4096))
    with pytest.raises(StoreError):
        await store.batch([Get("k7")])
    with pytest.raises(StoreError):
        await store.batch([Put("k7", b"", 60)])
    await store.close()


async def test_what_expired_is_swept_out_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("buckler.stores.sqlite._TIDY_WRITES", 3)
    store = _sqlite(tmp_path)
    await store.batch([Put("old", b"", 1), Take("whole", 1, 1)])
    CLOCK.move(2)
    for number in range(5):
        await store.batch([Put(f"k{number}", b"", 60)])
        if store._tidying.is_alive():
            store._tidying.join()  # it would give way to the next write
    await store.close()
    with closing(sqlite3.connect(tmp_path / "state.db")) as look:
        assert look.execute("SELECT count(*) FROM kept").fetchone() == (5,)
        assert look.execute("SELECT count(*) FROM quota").fetchone() == (0,)


async def test_sweeping_gives_way_to_a_busy_file(tmp_path: Path) -> None:
    store = _sqlite(tmp_path)
    with closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        store._tidy()
    await store.close()


def test_one_sweep_at_a_time(tmp_path: Path) -> None:
    store = _sqlite(tmp_path)
    go_on = threading.Event()
    store._tidying = sweeping = threading.Thread(target=go_on.wait)
    sweeping.start()
    store._tidy_soon()
    assert store._tidying is sweeping
    go_on.set()
    asyncio.run(store.close())


async def test_it_answers_where_it_stands_or_says_that_it_cannot(tmp_path: Path) -> None:
    store = _sqlite(tmp_path)
    assert store.at_once([Put("k", b"1", 60), Get("k")]) == [None, b"1"]
    with closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert store.at_once([Put("k", b"2", 60)]) is None
        assert store.at_once([Get("k")]) == [b"1"]
        other.execute("ROLLBACK")
        other.execute("DROP TABLE kept")
    with pytest.raises(StoreError, match="no such table"):
        store.at_once([Get("k")])
    await store.close()
