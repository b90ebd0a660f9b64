"""Shared memory: exact for processes, safe over a fork and a kill, and nobody's event loop waits for a process that is stopped."""

from __future__ import annotations

import asyncio
import fcntl
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from buckler.core.clock import HandClock
from buckler.core.store import Get, Put, Take, Taken
from buckler.errors import ConfigError, StoreError
from buckler.stores import shared
from buckler.stores.shared import Shared

if TYPE_CHECKING:
    from pathlib import Path

CLOCK = HandClock()
PROCESSES, LIMIT = 4, 100
PATIENCE_S = 120


def _shared(folder: Path, **options: Any) -> Shared:
    return Shared("state", folder=folder, **{"clock": CLOCK, **options})


def _gate(folder: Path) -> Path:
    return next(folder.glob("*/*.gate"))


def _file(folder: Path) -> Path:
    return next(folder.glob("*/*.lmdb"))


def _is_open(store: Shared) -> bool:
    return store._place._table is not None


def _is_stuck(store: Shared) -> bool:
    return store._place.stuck


async def test_who_waited_in_vain_is_followed_by_those_who_wait_for_a_moment(folder: Path) -> None:
    store = _shared(folder, busy_s=0.05)
    await store.batch([Put("k", b"1", 60)])
    with _gate(folder).open() as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        with pytest.raises(StoreError, match="does not go on"):
            await store.batch([Put("k", b"2", 60)])
        store._busy_s = PATIENCE_S
        async with asyncio.timeout(PATIENCE_S / 2):
            with pytest.raises(StoreError, match="does not go on"):
                await store.batch([Put("k", b"3", 60)])
        assert await store.batch([Get("k")]) == [b"1"]
        assert _is_stuck(store)  # who reads has not had the lock
    assert store.at_once([Put("k", b"4", 60)]) == [None]
    assert not _is_stuck(store)
    with _gate(folder).open() as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        waiting = asyncio.create_task(store.batch([Put("k", b"5", 60)]))
        await asyncio.sleep(0.1)
        assert not waiting.done()
    assert await waiting == [None]
    await store.close()


async def test_another_thread_of_this_process_is_not_waited_for(folder: Path) -> None:
    store = _shared(folder)
    with store._place._here:
        assert store.at_once([Get("k")]) is None
    assert store.at_once([Get("k")]) == [None]
    await store.close()


async def test_one_name_is_one_place(folder: Path) -> None:
    """A guard's store and a cache's may have the same name: LMDB must not open a file twice."""
    first, second, other = _shared(folder), _shared(folder), Shared("other", folder=folder, clock=CLOCK)
    await first.batch([Put("k", b"1", 60)])
    assert await second.batch([Get("k")]) == [b"1"]
    assert await other.batch([Get("k")]) == [None]
    await first.close()
    await first.close()
    assert _is_open(second)
    assert await second.batch([Get("k")]) == [b"1"]
    await second.close()
    assert not _is_open(second)
    with pytest.raises(ConfigError, match="to the same name"):
        _shared(folder, max_bytes=1 << 20)
    await other.close()


async def test_what_expired_makes_room(folder: Path) -> None:
    store = _shared(folder, max_bytes=1 << 20)
    with pytest.raises(StoreError, match="full"):
        await _fill(store, 60)
    with pytest.raises(StoreError, match="full"):
        await store.batch([Take("q", 1, 60)])
    CLOCK.move(61)
    for _ in range(5):
        await _fill(store, 60, 40)
        CLOCK.move(61)
    await store.close()


async def _fill(store: Shared, ttl_s: float, most: int = 1000) -> None:
    for number in range(most):
        await store.batch([Put(f"{CLOCK.now()} {number}", b"x" * 10_000, ttl_s), Take(f"{CLOCK.now()} {number}", 1, ttl_s)])


async def test_it_does_not_grow(folder: Path) -> None:
    """A hundred thousand sessions and quotas that expire, one thousand alive at any time."""
    store = _shared(folder)
    sizes = []
    for turn in range(20):
        for number in range(0, 1000, 10):
            ops = [op for one in range(10) for op in (Put(f"{turn} {number + one}", b"x" * 200, 1), Take(f"{turn} {number + one}", 5, 1))]
            await store.batch(list(ops))
        CLOCK.move(1)
        sizes.append(_file(folder).stat().st_blocks * 512)
    assert sizes[-1] < 2 * sizes[4], sizes
    await store.close()


async def test_a_file_that_was_removed_is_made_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As systemd removes what a user has in shared memory, when the user logs out."""
    store = _shared(folder)
    await store.batch([Put("k", b"1", 60)])
    _file(folder).unlink()
    monkeypatch.setattr("buckler.stores.shared_place._LOOK_S", 0.0)
    assert await store.batch([Get("k"), Put("k", b"2", 60)]) == [None, None]
    other = await asyncio.create_subprocess_exec(sys.executable, "-c", _ASK, str(folder), stdout=subprocess.PIPE)
    told, _ = await other.communicate()
    assert told == b"b'2'"
    assert await store.batch([Get("k")]) == [b"2"]
    await store.close()


_ASK = """
import sys
from buckler.core.clock import HandClock
from buckler.core.store import Get
from buckler.stores.shared import Shared
print(Shared("state", folder=sys.argv[1], clock=HandClock()).at_once([Get("k")])[0], end="")
"""


def test_it_is_for_its_owner_alone(folder: Path) -> None:
    store = _shared(folder)
    modes = {item.stat().st_mode & 0o777 for item in folder.glob("*/*")}
    assert modes == {0o600}
    assert next(folder.glob("*")).stat().st_mode & 0o777 == 0o700
    asyncio.run(store.close())


@pytest.mark.parametrize("trap", ["open to all", "a link", "a file"])
def test_a_folder_that_somebody_else_has_prepared_is_not_used(folder: Path, trap: str) -> None:
    home = folder / f"buckler-{os.geteuid()}"
    if trap == "open to all":
        home.mkdir()
        home.chmod(0o777)
    elif trap == "a link":
        (folder / "elsewhere").mkdir(mode=0o700)
        home.symlink_to(folder / "elsewhere")
    else:
        home.touch(0o600)
    with pytest.raises(ConfigError, match=r"Shared\.folder"):
        _shared(folder)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "../etc"}, "letters, digits"),
        ({"name": ""}, "letters, digits"),
        ({"busy_s": 0}, "Shared.busy_s"),
        ({"max_bytes": 10}, "65536"),
        ({"max_bytes": 1 << 60}, "65536"),
        ({"max_bytes": 1e6}, "65536"),
        ({"folder": "/nowhere/at/all"}, "may write to"),
        ({"folder": "/proc"}, r"Shared\.folder"),
    ],
)
def test_a_place_that_cannot_work_stops_the_start(options: dict[str, Any], message: str, folder: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        Shared(**{"folder": folder, **options})


def test_a_damaged_file_stops_the_start(folder: Path) -> None:
    asyncio.run(_shared(folder).close())
    _file(folder).write_bytes(b"not a database" * 1000)
    with pytest.raises(ConfigError, match="remove the file"):
        _shared(folder)


def test_a_lock_that_stays_held_stops_the_start(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asyncio.run(_shared(folder).close())
    monkeypatch.setattr(shared, "_START_S", 0.03)
    with _gate(folder).open() as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        with pytest.raises(ConfigError, match="end it"):
            _shared(folder)
    asyncio.run(_shared(folder).close())


def test_where_there_is_no_shared_memory_it_is_the_folder_for_temporary_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "_MEMORY", str(folder / "missing"))
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    asyncio.run(Shared().close())
    assert (folder / f"buckler-{os.geteuid()}" / "buckler.lmdb").exists()


def test_a_small_shared_memory_is_not_filled(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Docker gives 64 MiB."""
    found = os.statvfs(folder)
    monkeypatch.setattr("os.statvfs", lambda _: os.statvfs_result((found.f_bsize, 4096, 16_384, *tuple(found)[3:])))
    store = _shared(folder)
    assert store._place.max_bytes == 16 << 20
    asyncio.run(store.close())


async def test_a_failure_of_the_file_is_an_error_and_then_it_is_opened_anew(folder: Path) -> None:
    store = _shared(folder)
    await store.batch([Put("k", b"1", 60)])
    assert store._place._table is not None
    store._place._table._environment.close()  # what LMDB does after a failure that it cannot undo
    with pytest.raises(StoreError):
        await store.batch([Get("k")])
    assert await store.batch([Get("k")]) == [b"1"]
    taken = (await store.batch([Take("q", 1, 60)]))[0]
    assert isinstance(taken, Taken)
    await store.close()
