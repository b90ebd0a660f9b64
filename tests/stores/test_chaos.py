"""Real servers, killed (-9) and stalled (SIGSTOP) in the middle of load: nothing that was acknowledged is lost, no limit is exceeded,
nobody hangs, and all goes on by itself when the server is back."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

import pytest

from buckler.core.clock import SystemClock
from buckler.core.event import Events
from buckler.core.sign import Keys
from buckler.core.store import Get, Put
from buckler.errors import StoreError
from buckler.guard.state import sealed
from buckler.stores.memcached import Memcached
from buckler.stores.postgresql import PostgreSQL
from buckler.stores.redis import Redis
from buckler.testing import SECRET
from tests.servers.memcached import MemcachedServer
from tests.servers.postgresql import PostgresqlServer
from tests.servers.redis import RedisCluster, RedisSentinel, RedisServer, valkey_program
from tests.stores.crowd import Crowd
from tests.stores.load import Load, answered
from tests.stores.machine import Machine

if TYPE_CHECKING:
    from collections.abc import Callable

    from buckler.core.store import Store
    from tests.servers.program import Program

_ROUNDS = 2

BACKENDS: dict[str, tuple[Callable[[], Program], Callable[..., Store]]] = {
    "redis": (RedisServer, lambda server: Redis(server.url)),
    "valkey": (lambda: RedisServer(program=valkey_program), lambda server: Redis(server.url)),
    "postgresql": (PostgresqlServer, lambda server: PostgreSQL(server.url())),
    "memcached": (MemcachedServer, lambda server: Memcached(f"{server.address[0]}:{server.address[1]}")),
}
KEEPS = {"redis", "valkey", "postgresql"}
QUOTAS_END = {"postgresql"}  # with a crash of the server: they are written to no log


def prepared(store: Store) -> Store:
    return sealed(store, Keys([SECRET]), Events(), SystemClock())


@pytest.fixture(params=list(BACKENDS))
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def survive(load: Load, harm: Callable[[], object], heal: Callable[[], object]) -> None:
    """Work, harm, work in vain, heal, work: some times over."""
    async with load.running():
        for _ in range(_ROUNDS):
            await load.until_more("done", 300)
            harm()
            await load.until_more("failed", 100)
            await load.until_more("turns", 50)  # the event loop goes on
            heal()
            await load.until_more("done", 300)
    await load.settled()


async def test_a_killed_server_costs_nothing_that_was_acknowledged(backend: str) -> None:
    begin, make = BACKENDS[backend]
    with begin() as server:
        store = prepared(make(server))
        load = Load(store, keeps=backend in KEEPS, quotas=1 + _ROUNDS * (backend in QUOTAS_END))
        await survive(load, server.kill, server.start)
        await store.close()


async def test_a_stalled_server_holds_nobody_up(backend: str) -> None:
    begin, make = BACKENDS[backend]
    with begin() as server:
        store = prepared(make(server))
        await survive(Load(store), server.pause, server.resume)
        await store.close()


async def test_a_stalled_server_fills_no_memory(backend: str) -> None:
    """Thousands ask at once, again and again: few wait, and nothing of them is left."""
    begin, make = BACKENDS[backend]
    with begin() as server:
        store = prepared(make(server))
        await answered(store, Put("k", b"1", 600))
        server.pause()
        sizes: list[int] = []
        tracemalloc.start()
        try:
            for _ in range(8):
                asked = (store.batch([Put(f"k{number}", b"x" * 500, 60), Get("k")]) for number in range(1500))
                assert {type(end) for end in await asyncio.gather(*asked, return_exceptions=True)} == {StoreError}
                gc.collect()
                sizes.append(tracemalloc.get_traced_memory()[0])
        finally:
            tracemalloc.stop()
        grown = median(after - before for before, after in pairwise(sizes))  # a leak is in every round; what a cache takes, in one
        assert grown < 20_000, sizes
        server.resume()
        await Load(store).settled()
        await store.close()


@pytest.mark.parametrize("harm", ["kill", "pause"])
@pytest.mark.parametrize("backend", ["redis", "postgresql"])
async def test_visitors_of_two_machines(backend: str, harm: str) -> None:
    begin, make = BACKENDS[backend]
    with begin() as server:
        here, there = Machine(make(server)), Machine(make(server))
        crowd = Crowd(here, there)
        async with crowd.about():
            for _ in range(_ROUNDS):
                await crowd.until("served", 200)
                getattr(server, harm)()
                await crowd.until("refused", 50)
                getattr(server, {"kill": "start", "pause": "resume"}[harm])()
                await crowd.until("served", 200)
        await crowd.settled()
        for machine in (here, there):
            await machine.store.close()


@pytest.mark.parametrize("harm", ["kill", "pause"])
async def test_one_dead_server_of_a_cluster(harm: str) -> None:
    with RedisCluster() as cluster:
        cluster.watch_closely()
        node = cluster.nodes[1]
        store = prepared(Redis(*(other.url for other in cluster.nodes), cluster=True))
        await survive(Load(store), getattr(node, harm), node.start if harm == "kill" else node.resume)
        await store.close()


async def test_a_primary_that_dies_is_replaced() -> None:
    """What the replica had not yet been told is lost: Redis copies later than it acknowledges. So the books are not kept here."""
    with RedisSentinel() as servers:
        urls = [f"redis://{host}:{port}" for host, port in servers.addresses]
        store = prepared(Redis(*urls, sentinel="buckler"))
        load = Load(store, keeps=False)
        async with load.running():
            await load.until_more("done", 300)
            servers.primary.kill()
            await load.until_more("failed", 20)
            servers.watch_closely()
            await load.until_more("done", 300)
        await store.close()


async def test_a_visitor_is_refused_while_the_store_is_stalled_and_never_taken_for_somebody_else() -> None:
    with RedisServer() as server:
        machine = Machine(Redis(server.url))
        await machine.listening()
        cookie = await machine.sign_in()
        assert await machine.served(cookie) == "mira"
        server.pause()
        seen = {await machine.who(cookie) for _ in range(20)}  # from memory, as long as that may be believed
        while "503" not in seen:
            seen.add(await machine.who(cookie))
            await asyncio.sleep(0.01)
        assert seen <= {"mira", "503"}
        server.resume()
        assert await machine.served(cookie) == "mira"
        await machine.store.close()
