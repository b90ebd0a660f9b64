"""redis-py, asked for the same as `bench.stores.redis` asks Buckler's client: a value, and a value with two quotas by a script."""

# mypy: disable-error-code="import-not-found"
# The peers live in an environment of their own, where mypy does not look.

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import redis.asyncio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


def calls(port: int, keys: list[bytes], script: bytes, words: list[bytes]) -> tuple[Any, dict[str, Callable[[], Awaitable[Any]]]]:
    """Return the client, and what each kind of batch is with it. `words` are the script's arguments; the first key is that of the value."""
    client = redis.asyncio.Redis(port=port, protocol=3, max_connections=64)
    known = client.register_script(script)
    return client, {"1 value": lambda: client.get(keys[0]), "1 value, 2 quotas": lambda: known(keys=keys, args=words)}
