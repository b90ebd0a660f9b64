"""What every folder of tests may ask for: real servers. Nothing starts before a test asks for it."""

from __future__ import annotations

from tests.servers.fixtures import (
    memcached_server,
    postgresql_server,
    redis_cluster,
    redis_sentinel,
    redis_server,
    tls_redis_server,
    valkey_cluster,
    valkey_server,
)

__all__ = [
    "memcached_server",
    "postgresql_server",
    "redis_cluster",
    "redis_sentinel",
    "redis_server",
    "tls_redis_server",
    "valkey_cluster",
    "valkey_server",
]
