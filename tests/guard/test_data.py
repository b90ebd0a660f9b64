"""`Data`: the cache of an application, over any store."""

from __future__ import annotations

import pytest

from buckler.core.clock import HandClock
from buckler.errors import ConfigError, UnknownOptionError
from buckler.guard.data import Data
from buckler.stores.memory import Memory
from tests.cache.stores import Away

SECRETS = ["a" * 32]


async def test_values_that_leave_the_machine_are_authenticated() -> None:
    clock = HandClock()
    store = Away(clock=clock)
    cache, other = (Data(store=store, secrets=secrets, clock=clock, near_s=0) for secrets in (SECRETS, ["b" * 32]))
    calls = []

    async def read(number: int) -> str:
        calls.append(number)
        return "body"

    here, there = (made.memo(ttl_s=60, tags=["x"], name="read")(read) for made in (cache, other))
    assert [await here(1), await here(1)] == ["body"] * 2
    assert len(calls) == 1
    assert await there(1) == "body"  # whose secrets are others: what it finds is no value
    assert len(calls) == 2
    assert "store.forged" in {event.kind for event in other.events.drain()}


async def test_a_cache_alone_needs_nothing() -> None:
    cache = Data()
    calls = []

    @cache.memo(ttl_s=60)
    async def read() -> int:
        calls.append(1)
        return 1

    assert [await read(), await read()] == [1, 1]
    assert calls == [1]
    local = Data(store=Memory(), max_entries=5, max_bytes=1000)
    assert await local.memo(ttl_s=60, scope="public")(read.__wrapped__)() == 1  # type: ignore[attr-defined]  # the function itself


def test_what_cannot_work_stops_the_start() -> None:
    with pytest.raises(ConfigError, match=r"Data\.secrets"):
        Data(store=Away())
    with pytest.raises(UnknownOptionError, match="did you mean `max_bytes`"):
        Data(max_byte=5)  # type: ignore[call-arg]  # the mistake
    with pytest.raises(ConfigError, match=r"Shelf\.max_bytes"):
        Data(max_bytes=0)
    with pytest.raises(ConfigError, match="secret of 1 bytes"):
        Data(secrets=["a"])
