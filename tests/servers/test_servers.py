"""The servers that other tests rely on: they keep what they acknowledged, stall, crash and come back."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

import pytest

from tests.servers.memcached import MemcachedServer
from tests.servers.postgresql import PostgresqlServer
from tests.servers.redis import RedisSentinel, RedisServer, ask, redis_program, valkey_program

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.servers.redis import RedisCluster, TlsRedisServer


@pytest.mark.parametrize("program", [redis_program, valkey_program])
def test_redis_keeps_what_it_acknowledged(program: Callable[[], str]) -> None:
    with RedisServer(program=program, password="secret") as server:
        server.ask("SET", "k", "1")
        server.kill()
        with pytest.raises(ConnectionRefusedError):
            server.ask("GET", "k")
        assert server.start().ask("GET", "k") == "1"
        server.pause()
        with socket.create_connection(server.address, 0.2) as stalled:  # the kernel accepts for it
            stalled.sendall(b"PING\r\n")
            with pytest.raises(TimeoutError):
                stalled.recv(1)
        server.resume()
        server.stop()
        assert server.start().ask("GET", "k") == "1"
        folder = server.folder
    assert not folder.exists()


def test_a_server_that_cannot_start_says_why() -> None:
    with pytest.raises(AssertionError, match="FATAL CONFIG FILE ERROR"), RedisServer("--nonsense", "1"):
        pass


def test_a_port_that_is_taken_is_left_for_another() -> None:
    with RedisServer() as first:
        second = RedisServer()
        second.port = first.port
        with second:
            assert second.port != first.port
            second.stop()
            assert second.start().ask("PING") == "PONG"


def test_tls(tls_redis_server: TlsRedisServer) -> None:
    assert tls_redis_server.ask("PING") == "PONG"
    assert tls_redis_server.url.startswith("rediss://localhost:")


@pytest.mark.parametrize("name", ["redis_cluster", "valkey_cluster"])
def test_a_cluster_is_whole(name: str, request: pytest.FixtureRequest) -> None:
    cluster: RedisCluster = request.getfixturevalue(name)
    for key in ("a", "b", "c"):
        slot = cluster.nodes[0].ask("CLUSTER", "KEYSLOT", key)
        assert cluster.owner(slot).ask("SET", key, key) == "OK"
    assert {node.port for node in cluster.nodes} == {port for _, port in cluster.addresses}


def test_sentinels_replace_a_dead_primary() -> None:
    with RedisSentinel() as servers:
        servers.primary.ask("SET", "k", "1")
        servers.copied("k")
        servers.primary.kill()
        servers.watch_closely()
        until = time.monotonic() + 120  # a Sentinel that has stood still for two seconds does nothing for half a minute
        while servers.current() != servers.replica.port:
            assert time.monotonic() < until
            time.sleep(0.05)
        assert ask(servers.current(), "GET", "k") == "1"


def test_memcached_forgets() -> None:
    with MemcachedServer() as server:
        assert server.ask("set k 0 0 1\r\n1") == "STORED"
        server.stop()
        assert server.start().ask("get k") == "END"


def test_postgresql_comes_back() -> None:
    with PostgresqlServer() as server:
        first, second = server.new_database(), server.new_database()
        assert first != second
        server.sql("CREATE TABLE t AS SELECT 1 AS n", first)
        server.kill()
        server.start()
        assert server.sql("SELECT n FROM t", first) == "1"
        server.stop()
        assert server.start().sql("SELECT n FROM t", first) == "1"
