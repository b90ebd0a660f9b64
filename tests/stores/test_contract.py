"""The contract of all stores, and what each of them does when it is offline, slow, full, damaged or started again."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from buckler.core.clock import HandClock
from buckler.core.store import Add, Drop, Get, Op, Put, Replace, Take, Taken
from buckler.errors import ConfigError, StoreError
from buckler.stores.memory import Memory
from buckler.stores.sqlite import SQLite

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from buckler.core.store import Store

CLOCK = HandClock()


def _memory(path: Path, **options: Any) -> Memory:  # the same signature for all
    return Memory(clock=CLOCK)


def _sqlite(path: Path, **options: Any) -> SQLite:
    return SQLite(path / "state.db", clock=CLOCK, **options)


MAKERS: dict[str, Callable[..., Store]] = {"memory": _memory, "sqlite": _sqlite}


async def _takes(store: Store, *takes: Take) -> list[Taken]:
    answers = [answer for answer in await store.batch(list(takes)) if isinstance(answer, Taken)]
    assert len(answers) == len(takes)
    return answers


@pytest.fixture(params=list(MAKERS))
def make(request: pytest.FixtureRequest) -> Callable[..., Store]:
    return MAKERS[request.param]


@pytest.fixture
async def store(make: Callable[..., Store], tmp_path: Path) -> AsyncIterator[Store]:
    made = make(tmp_path)
    yield made
    await made.close()


async def test_what_is_put_is_got(store: Store) -> None:
    value = bytes(range(256)) + "✓".encode()
    assert await store.batch([Get("k"), Put("k", value, 60), Get("k")]) == [None, None, value]
    assert await store.batch([Put("k", b"", 60), Get("k")]) == [None, b""]


async def test_an_empty_batch_is_no_work(store: Store) -> None:
    assert await store.batch([]) == []


async def test_what_has_expired_is_unknown(store: Store) -> None:
    await store.batch([Put("k", b"1", 10)])
    CLOCK.move(9.9)
    assert await store.batch([Get("k")]) == [b"1"]
    CLOCK.move(0.2)
    gone: list[Op] = [Get("k"), Replace("k", b"2", 10), Drop("k"), Add("k", b"3", 10), Get("k")]
    assert await store.batch(gone) == [None, False, False, True, b"3"]


async def test_of_many_adders_one_wins(store: Store) -> None:
    answers = await asyncio.gather(*(store.batch([Add("k", b"%d" % number, 60)]) for number in range(50)))
    assert sum(answer == [True] for answer in answers) == 1


async def test_replace_never_brings_back_what_was_dropped(store: Store) -> None:
    assert await store.batch([Replace("k", b"1", 60), Get("k")]) == [False, None]
    assert await store.batch([Put("k", b"1", 60), Replace("k", b"2", 60), Get("k")]) == [None, True, b"2"]
    assert await store.batch([Drop("k"), Drop("k"), Replace("k", b"3", 60), Get("k")]) == [True, False, False, None]


async def test_a_quota_is_a_burst_and_then_a_rate(store: Store) -> None:
    take = Take("q", 3, 30)
    answers = [(await _takes(store, take))[0] for _ in range(4)]
    assert [answer.allowed for answer in answers] == [True, True, True, False]
    assert [answer.remaining for answer in answers] == [2, 1, 0, 0]
    assert answers[-1].retry_s == pytest.approx(10)
    CLOCK.move(10)
    assert [(await _takes(store, take))[0].allowed for _ in range(2)] == [True, False]
    CLOCK.move(1000)
    assert (await _takes(store, Take("q", 3, 30, cost=3)))[0] == Taken(allowed=True, remaining=0, retry_s=0.0, reset_s=30.0)
    assert (await _takes(store, Take("other", 3, 30)))[0].remaining == 2


async def test_a_quota_is_exact_for_fifty_tasks(store: Store) -> None:
    """CVE-2024-1722: a hundred attempts at once against a limit of ten are ten."""
    answers = await asyncio.gather(*(_takes(store, Take("q", 10, 60)) for _ in range(100)))
    assert sum(answer[0].allowed for answer in answers) == 10


async def test_a_follower_is_left_alone_when_the_one_before_it_was_refused(store: Store) -> None:
    takes = [Take("client", 1, 60, follows=True), Take("account", 5, 60, follows=True)]
    assert [answer.allowed for answer in await _takes(store, *takes)] == [True, True]
    for _ in range(10):
        client, account = await _takes(store, *takes)
        assert (client.allowed, account.allowed, account.remaining, account.retry_s) == (False, False, 4, 0.0)
    client, unused = await _takes(store, takes[0], Take("unused", 5, 60, follows=True))
    assert (unused.allowed, unused.remaining) == (False, 5)
    independent = [Take("client", 1, 60), Take("account", 5, 60)]
    assert [answer.allowed for answer in await _takes(store, *independent)] == [False, True]


async def test_what_is_given_back_is_there_again_and_no_quota_is_more_than_whole(store: Store) -> None:
    take, back = Take("q", 3, 30), Take("q", 3, 30, cost=-1)
    assert [answer.remaining for answer in await _takes(store, take, take, take, back)] == [2, 1, 0, 1]
    assert (await _takes(store, back, back, back, back))[-1] == Taken(allowed=True, remaining=3, retry_s=0.0, reset_s=0.0)
    assert [answer.allowed for answer in await _takes(store, take, take, take, take)] == [True, True, True, False]


async def test_a_clock_set_back_does_not_lock_anybody_out(make: Callable[..., Store], tmp_path: Path) -> None:
    store = make(tmp_path)
    await store.batch([Take("q", 1, 60)])
    CLOCK.move(-86_400)
    refused = (await _takes(store, Take("q", 1, 60)))[0]
    assert not refused.allowed
    assert refused.retry_s == pytest.approx(60)
    CLOCK.move(60)
    assert (await _takes(store, Take("q", 1, 60)))[0].allowed
    CLOCK.move(86_340)
    await store.close()


async def test_memory_forgets_the_expired_first_and_then_the_oldest() -> None:
    store = Memory(max_entries=3, clock=CLOCK)
    await store.batch([Put("a", b"", 60), Put("b", b"", 5), Put("c", b"", 60), Put("a", b"", 60)])
    CLOCK.move(6)
    await store.batch([Put("d", b"", 60)])
    assert await store.batch([Get("a"), Get("b"), Get("c"), Get("d")]) == [b"", None, b"", b""]
    await store.batch([Put("e", b"", 60)])
    assert await store.batch([Get("c"), Get("a")]) == [None, b""]


async def test_memory_forgets_whole_quotas_first_and_never_one_that_is_refused() -> None:
    store = Memory(max_entries=2, clock=CLOCK)
    await store.batch([Take("victim", 1, 100), Take("whole", 1, 5)])
    CLOCK.move(6)
    await store.batch([Take("new", 1, 100)])
    assert not (await _takes(store, Take("victim", 1, 100)))[0].allowed
    await store.batch([Take("newer", 1, 100)])
    assert not (await _takes(store, Take("victim", 1, 100)))[0].allowed
    assert (await _takes(store, Take("new", 1, 100)))[0].allowed  # the oldest has made room


async def test_memory_does_not_remember_whole_quotas() -> None:
    """Else one refused client could push out everybody's counters by naming ever new accounts."""
    store = Memory(max_entries=2, clock=CLOCK)
    client = Take("client", 1, 100)
    await store.batch([client, Take("victim", 1, 100)])
    for number in range(10):
        await store.batch([client, Take(f"account {number}", 5, 100, follows=True)])
    assert [taken.allowed for taken in await _takes(store, client, Take("victim", 1, 100))] == [False, False]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda _: Memory(max_entries=0), "Memory.max_entries"),
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


async def test_what_is_spent_counts_although_it_is_too_much(store: Store) -> None:
    over = (await _takes(store, Take("q", 10, 10, cost=25, spent=True)))[0]
    assert (over.allowed, over.remaining) == (False, 0)
    assert over.retry_s == pytest.approx(15)
    assert not (await _takes(store, Take("q", 10, 10)))[0].allowed
    CLOCK.move(1)  # the quota is empty, never less than empty
    assert (await _takes(store, Take("q", 10, 10)))[0].allowed
    assert (await _takes(store, Take("other", 10, 10, cost=4, spent=True)))[0] == Taken(allowed=True, remaining=6, retry_s=0.0, reset_s=4.0)


async def test_what_is_spent_follows_like_the_rest(store: Store) -> None:
    first, second = await _takes(store, Take("full", 1, 60, cost=2), Take("spared", 5, 60, cost=9, follows=True, spent=True))
    assert (first.allowed, second.allowed, second.remaining) == (False, False, 5)
