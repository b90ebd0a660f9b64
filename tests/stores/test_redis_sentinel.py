"""A primary that its Sentinels replace: the store finds the new one by itself."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from buckler.core.store import Get, Put
from buckler.errors import StoreError
from buckler.stores.redis import Redis
from buckler.stores.redis_node import Address, Login
from buckler.stores.redis_sentinel import Sentinels, _named
from tests.servers.redis import PRIMARY, RedisSentinel
from tests.stores.machine import eventually
from tests.stores.patience import HANGS_S, answered

if TYPE_CHECKING:
    from collections.abc import Iterator


def urls(servers: RedisSentinel) -> list[str]:
    return [f"redis://{host}:{port}" for host, port in servers.addresses]


@pytest.fixture
def own() -> Iterator[RedisSentinel]:
    with RedisSentinel() as servers:
        yield servers


async def works(store: Redis) -> None:
    async with asyncio.timeout(120):  # a Sentinel that has stood still for two seconds does nothing for half a minute
        while True:
            try:
                await store.batch([Put("works", b"1", 60)])
            except StoreError:
                await asyncio.sleep(0.05)
            else:
                return


@pytest.mark.parametrize("way", ["kill", "pause"])
async def test_the_new_primary_is_found(own: RedisSentinel, way: str) -> None:
    store = Redis(*urls(own), sentinel=PRIMARY, wait_s=0.5, rest_s=0.1)
    told: list[list[str] | None] = []
    store.pushes(told.append)
    await works(store)
    await answered(store, [Put("k", b"1", 600)])
    own.copied("bk:v:k")
    await eventually(lambda: store.heard_s() < 2)
    told.clear()
    getattr(own.primary, way)()
    with pytest.raises(StoreError):
        await store.batch([Get("k")])
    own.watch_closely()
    own.sentinels[0].pause()  # one Sentinel that says nothing stands in nobody's way
    await works(store)
    assert await answered(store, [Get("k")]) == [b"1"]
    assert own.replica.ask("EXISTS", "bk:v:works") == 1
    await eventually(lambda: store.heard_s() < 2)
    assert None in told
    async with asyncio.timeout(HANGS_S):
        while ["after"] not in told:  # again: while its connection is made anew it is told that anything may have changed, and no more
            await answered(store, [Put("after", b"1", 60)])
            await asyncio.sleep(0.05)
    await store.close()


@pytest.mark.usefixtures("patient")
async def test_sentinels_that_know_nothing_are_an_error(redis_sentinel: RedisSentinel) -> None:
    for store in (
        Redis(*urls(redis_sentinel), sentinel="unknown", wait_s=30),
        Redis("redis://127.0.0.1:1", sentinel=PRIMARY, wait_s=30),
        Redis(redis_sentinel.primary.url, sentinel=PRIMARY, wait_s=30),  # that is no Sentinel
    ):
        told: list[list[str] | None] = []
        store.pushes(told.append)
        with pytest.raises(StoreError, match="no Sentinel knows"):
            await store.batch([Get("k")])
        await store.close()


async def test_the_sentinel_that_answered_is_asked_first(redis_sentinel: RedisSentinel) -> None:
    host, port = redis_sentinel.sentinels[1].address
    sentinels = Sentinels([(Address(host, 1), Login()), (Address(host, port), Login())], PRIMARY, wait_s=30)
    assert (await sentinels.primary()).port == redis_sentinel.current()
    assert sentinels._sentinels[0][0].port == port


@pytest.mark.parametrize("odd", [None, [], [b"a"], [b"a", 1], [b"a", b"x"], b"a"])
def test_an_odd_answer_names_nobody(odd: Any) -> None:
    assert _named(odd) is None
