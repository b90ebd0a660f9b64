"""Redis and Valkey as a store: every op, the ways to come in, and servers that are full, flushed, replicas or gone."""

from __future__ import annotations

import asyncio
import gc
import ssl
from typing import TYPE_CHECKING, Any

import pytest

from buckler.core.store import Add, Drop, Get, Put, Replace, Take, Taken
from buckler.errors import StoreError
from buckler.stores import redis as module
from buckler.stores import redis_node
from buckler.stores.redis import Redis
from tests.servers.redis import RedisServer, valkey_program
from tests.stores.machine import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from buckler.core.store import Op, Reply
    from tests.servers.redis import TlsRedisServer


pytestmark = pytest.mark.usefixtures("patient")


@pytest.fixture
async def store(server: RedisServer) -> AsyncIterator[Redis]:
    made = Redis(server.url, wait_s=30)
    yield made
    await made.close()


STORY: list[tuple[list[Op], list[Reply]]] = [
    ([Get("k")], [None]),
    ([Put("k", b"\x00\xff", 60)], [None]),
    ([Get("k"), Get("unknown")], [b"\x00\xff", None]),
    ([Add("k", b"2", 60)], [False]),
    ([Replace("k", b"3", 60)], [True]),
    ([Get("k")], [b"3"]),
    ([Drop("k")], [True]),
    ([Drop("k")], [False]),
    ([Replace("k", b"4", 60)], [False]),
    ([Add("k", b"5", 60)], [True]),
    ([Drop("k"), Add("k", b"6", 60), Replace("k", b"7", 60), Get("k")], [True, True, True, b"7"]),
    ([Put("k", b"", 60), Get("k")], [None, b""]),
    ([], []),
]


async def test_every_op_alone_and_together(store: Redis) -> None:
    for ops, replies in STORY:
        assert await store.batch(ops) == replies


async def test_keys_may_be_anything(store: Redis, server: RedisServer) -> None:
    for key in ("", "✓", "a b\r\nc", "{x}", "\udcff", "bk:v:"):
        assert await store.batch([Put(key, b"1", 60), Get(key), Drop(key)]) == [None, b"1", True]
    await store.batch([Put("k", b"1", 0.0001)])  # ends at once, and is no error
    await eventually(lambda: not server.ask("EXISTS", "bk:v:k"))


async def test_values_and_quotas_never_meet(store: Redis) -> None:
    await store.batch([Put("k", b"value", 60)])
    (taken,) = await store.batch([Take("k", 2, 60)])
    assert taken == Taken(True, 1, 0.0, 30.0)
    assert await store.batch([Drop("k"), Get("k")]) == [True, None]
    (taken,) = await store.batch([Take("k", 2, 60)])
    assert isinstance(taken, Taken)
    assert taken.remaining == 0


async def test_two_prefixes_share_a_server(server: RedisServer, store: Redis) -> None:
    other = Redis(server.url, prefix="other", wait_s=30)
    await store.batch([Put("k", b"1", 60)])
    assert await other.batch([Get("k")]) == [None]
    await other.close()


async def test_a_script_that_was_flushed_is_brought_along(store: Redis, server: RedisServer) -> None:
    take = Take("q", 5, 3600)
    await store.batch([take])
    server.ask("SCRIPT", "FLUSH")
    replies = await asyncio.gather(*(store.batch([take]) for _ in range(6)))
    assert [reply.allowed for (reply,) in replies if isinstance(reply, Taken)] == [True] * 4 + [False] * 2


async def test_a_damaged_quota_is_an_error(store: Redis, server: RedisServer) -> None:
    server.ask("SET", "bk:q:q", "odd")
    with pytest.raises(StoreError, match="too short"):
        await store.batch([Take("q", 1, 60)])
    server.ask("RPUSH", "bk:v:list", "x")
    with pytest.raises(StoreError, match="WRONGTYPE"):
        await store.batch([Get("list")])


async def test_a_full_server_does_all_of_a_batch_or_nothing() -> None:
    with RedisServer("--maxmemory-policy", "noeviction") as server:
        store = Redis(server.url, wait_s=30)
        await store.batch([Put("k", b"1", 60), Take("q", 2, 60)])
        server.ask("CONFIG", "SET", "maxmemory", "1")
        writing: list[list[Op]] = [[Put("new", b"1", 60)], [Drop("k"), Put("new", b"1", 60)], [Take("q", 2, 60)]]
        for ops in writing:
            with pytest.raises(StoreError, match="OOM"):
                await store.batch(ops)
        assert await store.batch([Get("k")]) == [b"1"]
        assert await store.batch([Drop("k")]) == [True]  # signing out works
        server.ask("CONFIG", "SET", "maxmemory", "0")
        (taken,) = await store.batch([Take("q", 2, 60)])
        assert isinstance(taken, Taken)
        assert taken.remaining == 0
        await store.close()


async def test_a_server_that_throws_out_what_it_acknowledged_is_for_a_cache_alone() -> None:
    with RedisServer("--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru") as server:
        store = Redis(server.url, wait_s=30)
        assert store.able.keeps
        with pytest.raises(StoreError, match="noeviction"):
            await store.batch([Get("k")])
        await store.close()
        cache = Redis(server.url, wait_s=30, evicting=True)
        assert await cache.batch([Get("k")]) == [None]
        assert not cache.able.keeps  # the guard does not take it
        await cache.close()


async def test_a_server_that_became_a_replica_is_left(server: RedisServer) -> None:
    store = Redis(server.url, wait_s=30)
    await store.batch([Get("k")])
    with RedisServer() as other:
        try:
            server.ask("REPLICAOF", "127.0.0.1", str(other.port))
            with pytest.raises(StoreError, match="READONLY"):
                await store.batch([Put("k", b"1", 60)])
            with pytest.raises(StoreError, match="not the primary"):
                await store.batch([Get("k")])
        finally:
            server.ask("REPLICAOF", "NO", "ONE")
    await eventually_works(store)
    await store.close()


async def eventually_works(store: Redis) -> None:
    async with asyncio.timeout(90):
        while True:
            try:
                await store.batch([Put("works", b"1", 60)])
            except StoreError:
                await asyncio.sleep(0.02)
            else:
                return


async def test_tls(tls_redis_server: TlsRedisServer) -> None:
    context = ssl.create_default_context(cafile=str(tls_redis_server.ca_file))
    store = Redis(tls_redis_server.url, tls=context, wait_s=30)
    large = b"x" * 300_000
    assert await store.batch([Put("k", large, 60), Get("k")]) == [None, large]
    await store.close()
    stranger = Redis(tls_redis_server.url, wait_s=30)
    with pytest.raises(StoreError, match="CERTIFICATE_VERIFY_FAILED"):
        await stranger.batch([Get("k")])
    await stranger.close()


async def test_a_user_with_only_what_the_docs_name(server: RedisServer) -> None:
    assert module.__doc__ is not None
    words = module.__doc__.partition("must be allowed:")[2].partition(", on keys")[0].split()
    allowed = [word for word in words if word != "+cluster|slots"]
    server.ask("ACL", "SETUSER", "shop", "reset", "on", ">secret", "~bk:*", *allowed)
    store = Redis(server.url, username="shop", password="secret", wait_s=30)
    told: list[list[str] | None] = []
    store.pushes(told.append)
    assert await store.batch([Get("k"), Put("k", b"1", 60), Take("q", 2, 60)]) == [None, None, Taken(True, 1, 0.0, 30.0)]
    assert await store.batch([Get("k"), Get("z")]) == [b"1", None]
    server.ask("SCRIPT", "FLUSH")
    await store.batch([Take("q", 2, 60)])
    await eventually(lambda: store.heard_s() < 10)
    await store.close()
    wrong = Redis(server.url, username="shop", password="wrong", wait_s=30)
    with pytest.raises(StoreError, match="WRONGPASS"):
        await wrong.batch([Get("k")])
    await wrong.close()
    server.ask("ACL", "DELUSER", "shop")


async def test_a_database_of_its_own() -> None:
    with RedisServer(program=valkey_program, password="secret") as server:
        store = Redis(f"{server.url}/3", wait_s=30)
        await store.batch([Put("k", b"1", 60)])
        assert server.ask("EXISTS", "bk:v:k") == 0
        assert "db3:keys=1" in server.ask("INFO", "keyspace")
        await store.close()


def test_one_store_in_one_event_loop_after_the_other(server: RedisServer) -> None:
    """A test's, a command's, a forked worker's: connections cannot move, so each has its own."""
    store = Redis(server.url, wait_s=30)
    told: list[list[str] | None] = []

    async def visit() -> None:
        await store.batch([Put("k", b"1", 60)])
        assert await store.batch([Get("k")]) == [b"1"]
        await eventually(lambda: store.heard_s() < 10)
        await store.close()
        assert store.heard_s() == float("inf")

    store.pushes(told.append)
    for _ in range(3):
        asyncio.run(visit())
    gc.collect()


async def test_two_event_loops_at_once(store: Redis) -> None:
    def elsewhere() -> None:
        async def visit() -> None:
            await store.batch([Put("there", b"1", 60)])
            await store.close()

        asyncio.run(visit())

    await store.batch([Put("here", b"1", 60)])
    await asyncio.to_thread(elsewhere)
    assert await store.batch([Get("here"), Get("there")]) == [b"1", b"1"]


async def test_a_dead_server_is_an_error_until_it_is_back() -> None:
    with RedisServer() as server:
        store = Redis(server.url, wait_s=30, rest_s=0.05)
        await store.batch([Put("k", b"1", 60)])
        server.kill()
        for _ in range(10):
            with pytest.raises(StoreError):
                await store.batch([Get("k")])
        server.start()
        await eventually_works(store)
        assert await store.batch([Get("k")]) == [b"1"]
        await store.close()


async def test_who_waits_for_long_waits_as_long_for_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_node, "CONNECT_S", 0.05)
    with RedisServer() as server:
        store = Redis(server.url, wait_s=60)
        server.pause()
        asking = asyncio.create_task(store.batch([Get("k")]))
        await asyncio.wait([asking], timeout=0.5)
        server.resume()
        assert await asking == [None]
        await store.close()


async def test_a_stalled_server_keeps_nobody_and_collects_nothing() -> None:
    with RedisServer() as server:
        store = Redis(server.url, wait_s=0.1, rest_s=0.05)
        await eventually_works(store)  # to connect may take longer than it waits
        server.pause()
        for _ in range(3):
            found = await asyncio.gather(*(store.batch([Get("k")]) for _ in range(100)), return_exceptions=True)
            assert all(isinstance(failure, StoreError) for failure in found)
        here: Any = store._here
        assert here._link.is_lost
        assert not here._link._asked
        server.resume()
        await eventually_works(store)
        await store.close()


async def test_a_store_that_was_never_used_is_closed() -> None:
    await Redis("redis://127.0.0.1:1").close()
