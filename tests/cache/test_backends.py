"""The cache over every store that there is."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from buckler.guard.data import Data
from tests.stores.backends import BACKENDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from buckler.core.store import Store

SECRETS = ["s" * 32]


@pytest.fixture(params=list(BACKENDS))
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Store]:
    backend = BACKENDS[request.param]
    server: Any = request.getfixturevalue(backend.fixture) if backend.fixture else None
    return lambda: backend.make(server, tmp_path)


@pytest.mark.usefixtures("patient")
async def test_it_is_kept_found_and_purged(make: Callable[[], Store]) -> None:
    store = make()
    here, there = (Data(store=store, secrets=SECRETS, near_s=0) for _ in range(2))
    for cache in (here, there):
        cache._flights._lock_s = 60.0  # a machine that stands still for three seconds is not one that has died
    calls: list[str] = []

    async def read(slug: str) -> list[str]:
        calls.append(slug)
        await asyncio.sleep(0.05)
        return [slug]

    async def mine(person: str) -> str:
        calls.append(person)
        return person

    mine_here, mine_there = (cache.memo(ttl_s=600, wait_s=120, scope="person", name="mine")(mine) for cache in (here, there))
    read_here, read_there = (
        cache.memo(ttl_s=600, wait_s=120, tags=lambda slug: [slug, "all"], name="read")(read) for cache in (here, there)
    )
    answers = await asyncio.gather(*(one("a") for one in (read_here, read_there) for _ in range(1000)))
    assert answers == [["a"]] * 2000
    assert calls == ["a"]
    assert [await mine_here("ann"), await mine_there("ann"), await mine_there("bob")] == ["ann", "ann", "bob"]
    assert calls == ["a", "ann", "bob"]
    for purge in (partial(there.purge, "all"), partial(here.purge, "a"), partial(read_there.purge, "a")):
        calls.clear()
        await purge()
        await asyncio.sleep(0.6)  # machines may differ by half a second: until then, what was dropped is not put
        assert [await read_here("a"), await read_there("a")] == [["a"], ["a"]]
        assert calls == ["a"]
    assert [event for cache in (here, there) for event in cache.events.drain()] == []
    for cache in (here, there):
        await cache.close()
    await store.close()
