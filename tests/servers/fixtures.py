"""Servers for a whole run of tests, each started when the first test asks for it. Who stops, stalls or fills one makes one of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.servers.memcached import MemcachedServer
from tests.servers.postgresql import PostgresqlServer
from tests.servers.redis import RedisCluster, RedisSentinel, RedisServer, TlsRedisServer, valkey_program

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture(scope="session")
def tls_redis_server() -> Iterator[TlsRedisServer]:
    with TlsRedisServer() as server:
        yield server


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[RedisServer]:
    with RedisServer(program=valkey_program) as server:
        yield server


@pytest.fixture(scope="session")
def redis_cluster() -> Iterator[RedisCluster]:
    with RedisCluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def valkey_cluster() -> Iterator[RedisCluster]:
    with RedisCluster(program=valkey_program) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def redis_sentinel() -> Iterator[RedisSentinel]:
    with RedisSentinel() as servers:
        yield servers


@pytest.fixture(scope="session")
def memcached_server() -> Iterator[MemcachedServer]:
    with MemcachedServer() as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresqlServer]:
    with PostgresqlServer() as server:
        yield server
