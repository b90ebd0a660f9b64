"""The same trouble for stores that are a file: a neighbour that holds the lock, no room, another process."""

from __future__ import annotations

import asyncio
import fcntl
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from buckler.core.store import Drop, Get, Put, Take, Taken
from buckler.errors import StoreError
from buckler.stores.shared import Shared
from buckler.stores.sqlite import SQLite
from tests.stores.patience import NOISE, answered, fill, going_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from buckler.core.store import Store

FILES: dict[str, Callable[..., Store]] = {
    "sqlite": lambda folder, **options: SQLite(folder / "state.db", **options),
    "shared": lambda folder, **options: Shared("state", folder=folder, **options),
}
files = pytest.mark.parametrize("make", list(FILES.values()), ids=list(FILES))


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Somebody else has the lock of whatever file there is."""
    with closing(sqlite3.connect(folder / "state.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        gates = [gate.open() for gate in folder.glob("*/*.gate")]
        for gate in gates:
            fcntl.flock(gate, fcntl.LOCK_EX)
        yield
        for gate in gates:
            gate.close()


@files
async def test_a_slow_neighbour(make: Callable[..., Store], tmp_path: Path) -> None:
    store, hasty = make(tmp_path, busy_s=20), make(tmp_path, busy_s=0.01)
    await store.batch([Put("k", b"1", 600)])
    await hasty.batch([Get("k")])
    with held(tmp_path):
        async with going_on():
            with pytest.raises(StoreError, match="lock"):
                await hasty.batch([Put("k", b"3", 600)])
            assert await hasty.batch([Get("k")]) == [b"1"]  # reading goes on
    assert await store.batch([Put("l", b"1", 600)]) == [
        None
    ]  # where one has waited in vain, the others wait for long after the next has got it
    with held(tmp_path):
        waiting = asyncio.create_task(store.batch([Put("k", b"2", 600)]))
        async with going_on():
            await asyncio.sleep(0.1)
        assert not waiting.done()
    assert await waiting == [None]
    assert await hasty.batch([Get("k"), Put("k", b"4", 600), Get("k")]) == [b"2", None, b"4"]
    await asyncio.gather(store.close(), hasty.close())


@files
async def test_a_full_file(make: Callable[..., Store], tmp_path: Path) -> None:
    store = make(tmp_path, max_bytes=1 << 20)
    await store.batch([Put("first", b"1", 600)])
    with pytest.raises(StoreError, match="full"):
        await fill(store)
    assert await store.batch([Get("first")]) == [b"1"]
    for number in range(100):
        await store.batch([Drop(f"k{number}")])
    assert await answered(store, [Put("k", NOISE, 600), Get("k")]) == [None, NOISE]
    await store.close()


@files
async def test_a_file_outlives_its_process(make: Callable[..., Store], tmp_path: Path) -> None:
    first = make(tmp_path)
    await first.batch([Put("k", b"1", 600), Take("q", 1, 600)])
    await first.close()
    second = make(tmp_path)
    found = await second.batch([Get("k"), Take("q", 1, 600)])
    assert found[0] == b"1"
    assert isinstance(found[1], Taken)
    assert not found[1].allowed
    await second.close()
