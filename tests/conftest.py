"""What every folder of tests may ask for: real servers. Nothing starts before a test asks for it. And how properties are tried."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

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

# That one example took long, or making it, says that the machine had something else to do, and nothing about the code.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

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
