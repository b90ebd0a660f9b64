"""A Cluster: batches are divided among its servers, slots move, servers die; and a Take still follows the one before it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from buckler.core.store import Get, Op, Put, Take, Taken
from buckler.errors import StoreError
from buckler.stores import redis_cluster
from buckler.stores.redis import Redis
from buckler.stores.redis_cluster import Cluster, slot_of
from buckler.stores.redis_node import Address
from tests.servers.redis import RedisCluster
from tests.stores.machine import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


pytestmark = pytest.mark.usefixtures("patient")


@pytest.fixture(params=["redis_cluster", "valkey_cluster"])
def cluster(request: pytest.FixtureRequest) -> RedisCluster:
    found: RedisCluster = request.getfixturevalue(request.param)
    found.ask_all("FLUSHALL")
    return found


@pytest.fixture
async def store(cluster: RedisCluster) -> AsyncIterator[Redis]:
    made = Redis(*(node.url for node in cluster.nodes), cluster=True, wait_s=30)
    yield made
    await made.close()


def slot_for(op: Op) -> int:
    return slot_of(f"bk{{}}:{'q' if isinstance(op, Take) else 'v'}:{op.key}".encode())


def named(cluster: RedisCluster, node: int, *, start: str = "k") -> str:
    """A key whose value lies on that node."""
    return next(f"{start}{number}" for number in range(1000) if cluster.owner(slot_for(Get(f"{start}{number}"))) is cluster.nodes[node])


def twins() -> tuple[str, str]:
    """Two keys whose values lie in one slot."""
    seen: dict[int, str] = {}
    for number in range(5000):
        key = f"twin{number}"
        other = seen.setdefault(slot_for(Get(key)), key)
        if other != key:
            return other, key
    raise AssertionError


@pytest.mark.parametrize("key", ["k", "{a}b", "x{y}z", "✓", "", "{}", "}{"])
async def test_a_key_is_where_the_cluster_says(key: str, cluster: RedisCluster) -> None:
    full = f"bk{{}}:v:{key}"
    assert slot_of(full.encode()) == cluster.nodes[0].ask("CLUSTER", "KEYSLOT", full)


async def test_a_batch_over_all_servers(store: Redis, cluster: RedisCluster) -> None:
    keys = [f"k{number}" for number in range(60)]
    assert await store.batch([Put(key, key.encode(), 60) for key in keys]) == [None] * 60
    assert await store.batch([Get(key) for key in keys]) == [key.encode() for key in keys]
    assert all(size > 0 for size in cluster.ask_all("DBSIZE"))
    assert await store.batch([]) == []


async def test_an_account_is_spared_by_a_refused_client_on_another_server(store: Redis) -> None:
    client, account = Take("client", 1, 3600), Take("account", 5, 3600, follows=True)
    assert slot_for(client) != slot_for(account)
    assert [reply.allowed for reply in await store.batch([client, account]) if isinstance(reply, Taken)] == [True, True]
    for _ in range(10):
        first, second = await store.batch([client, account])
        assert isinstance(first, Taken)
        assert isinstance(second, Taken)
        assert (first.allowed, second.allowed, second.remaining) == (False, False, 4)


async def test_limits_are_exact(store: Redis) -> None:
    replies = await asyncio.gather(*(store.batch([Take("q", 10, 3600), Get("k")]) for _ in range(100)))
    assert sum(reply.allowed for reply, _ in replies if isinstance(reply, Taken)) == 10


async def test_a_slot_that_has_moved_is_found(store: Redis, cluster: RedisCluster) -> None:
    key = named(cluster, 0, start="moved")
    slot = slot_for(Get(key))
    assert await store.batch([Get(key)]) == [None]
    try:
        cluster.give(slot, cluster.nodes[2])
        assert await store.batch([Put(key, b"1", 60), Get(key), Get("else")]) == [None, b"1", None]
        assert cluster.nodes[2].ask("EXISTS", f"bk{{}}:v:{key}") == 1
        cluster.nodes[2].ask("FLUSHALL")
    finally:
        cluster.give(slot, cluster.nodes[0])


async def test_a_slot_that_is_moving_is_followed(store: Redis, cluster: RedisCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = twins()
    slot = slot_for(Get(one))
    assert await store.batch([Put(one, b"1", 60), Get(one)]) == [None, b"1"]
    source = cluster.owner(slot)
    target = next(node for node in cluster.nodes if node is not source)
    ids = {node: node.ask("CLUSTER", "MYID") for node in (source, target)}
    target.ask("CLUSTER", "SETSLOT", str(slot), "IMPORTING", ids[source])
    source.ask("CLUSTER", "SETSLOT", str(slot), "MIGRATING", ids[target])
    try:
        assert await store.batch([Get(one)]) == [b"1"]  # still here
        assert await store.batch([Get(other)]) == [None]  # asked there
        target.ask("SCRIPT", "FLUSH")
        assert await store.batch([Put(other, b"2", 60), Get(other)]) == [None, b"2"]  # there, and the script with it
        with pytest.raises(StoreError, match="rearranged"):
            await store.batch([Get(one), Get(other)])  # one here, one there: nobody has both
        monkeypatch.setattr(redis_cluster, "_REDIRECTS", 3000)  # it moves in its own time: asked again four times is over in 80 ms
        waiting = asyncio.create_task(store.batch([Put(one, b"3", 60), Put(other, b"3", 60)]))
        await asyncio.to_thread(source.ask, "MIGRATE", "127.0.0.1", str(target.port), f"bk{{}}:v:{one}", "0", "30000")
        assert await waiting == [None, None]
        assert await store.batch([Get(one), Get(other)]) == [b"3", b"3"]
        target.ask("FLUSHALL")
    finally:
        for node in (target, source):
            node.ask("CLUSTER", "SETSLOT", str(slot), "NODE", ids[source])


async def test_changes_are_told_by_every_server(store: Redis, cluster: RedisCluster) -> None:
    told: list[list[str] | None] = []
    store.pushes(told.append)
    await store.batch([Get("k")])
    await eventually(lambda: store.heard_s() < 10)
    keys = [named(cluster, number, start="told") for number in range(3)]
    other = Redis(cluster.url, cluster=True, wait_s=30)
    await other.batch([Put(key, b"1", 60) for key in keys])
    await other.batch([Take(f"quota{number}", 1, 60) for number in range(20)])
    await eventually(lambda: sum(1 for keys in told if keys) >= 3)
    assert {key for keys in told if keys for key in keys} == set(keys)
    await other.close()


async def test_one_dead_server_takes_only_its_own_keys_along() -> None:
    with RedisCluster("--cluster-require-full-coverage", "no") as cluster:
        store = Redis(cluster.url, cluster=True, wait_s=30, rest_s=0.05)
        told: list[list[str] | None] = []
        store.pushes(told.append)
        keys = [named(cluster, number) for number in range(3)]
        await store.batch([Put(key, b"1", 60) for key in keys])
        await eventually(lambda: store.heard_s() < 10)
        cluster.nodes[2].kill()
        with pytest.raises(StoreError):
            await store.batch([Get(keys[2]), Get(keys[0])])
        for _ in range(20):
            assert await store.batch([Get(keys[0]), Get(keys[1])]) == [b"1", b"1"]
        await eventually(lambda: store.heard_s() > 10)  # one third is not heard of: nothing is known for sure
        with pytest.raises(StoreError):
            await store.batch([Get(keys[2])])
        cluster.nodes[2].start()
        async with asyncio.timeout(90):
            while True:
                try:
                    assert await store.batch([Get(keys[2])]) == [b"1"]
                except StoreError:
                    await asyncio.sleep(0.05)
                else:
                    break
        await eventually(lambda: store.heard_s() < 10)
        await store.close()


async def test_no_server_at_all_is_an_error_in_bounded_time() -> None:
    store = Redis("redis://127.0.0.1:1", cluster=True, wait_s=30)
    for _ in range(2):
        with pytest.raises(StoreError, match="who keeps what"):
            await store.batch([Get("k")])
    await store.close()


async def test_a_server_that_is_no_cluster_is_an_error(redis_server: Any) -> None:
    store = Redis(redis_server.url, cluster=True, wait_s=30)
    with pytest.raises(StoreError, match="who keeps what"):
        await store.batch([Get("k")])
    await store.close()


async def test_a_slow_map_is_an_error_in_bounded_time(cluster: RedisCluster) -> None:
    store = Redis(cluster.url, cluster=True, wait_s=0.05)
    for node in cluster.nodes:
        node.pause()
    try:
        with pytest.raises(StoreError, match="who keeps what"):
            await store.batch([Get("k")])
        await store.close()
    finally:
        for node in cluster.nodes:
            node.resume()


async def test_what_a_map_leaves_out_is_an_error_and_looked_up_again(store: Redis, cluster: RedisCluster) -> None:
    await store.batch([Get("k")])
    here: Any = store._here
    assert isinstance(here, Cluster)
    here._owners[slot_for(Get("k"))] = None
    gone = Address("127.0.0.1", 1)
    here._node(gone)
    with pytest.raises(StoreError, match="no server keeps"):
        await store.batch([Get("k")])
    await eventually(lambda: here._looking is None)
    assert gone not in here._nodes  # what is no part of the cluster is forgotten
    assert await store.batch([Get("k")]) == [None]


async def test_what_else_a_server_of_the_cluster_says_is_an_error(store: Redis) -> None:
    await store.batch([Get("k")])
    here: Any = store._here
    node = await here._owner(0)
    for told in ("ERR odd", "MOVED", "MOVED 3 nowhere", "CLUSTERDOWN The cluster is down"):
        with pytest.raises(StoreError):
            await here._elsewhere(node, 0, None, told)


async def test_over_the_bound_nothing_is_sent(cluster: RedisCluster) -> None:
    store = Redis(cluster.url, cluster=True, wait_s=30, max_waiting=3)
    keys = [named(cluster, number) for number in range(3)]
    await store.batch([Put(key, b"1", 60) for key in keys])
    ops: list[Op] = [Get(key) for key in keys]
    found = await asyncio.gather(*(store.batch(ops) for _ in range(20)), return_exceptions=True)
    failures = [failure for failure in found if isinstance(failure, StoreError)]
    assert failures
    assert all("waiting already" in str(failure) for failure in failures)
    here: Any = store._here
    await eventually(lambda: not any(node._breaker.waiting for node in here._nodes.values()))  # the other parts of those that failed
    assert await store.batch(ops) == [b"1"] * 3
    await store.close()
