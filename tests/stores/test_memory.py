"""What a store in memory forgets when it needs room, and what it never does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from buckler.core.clock import HandClock
from buckler.core.store import Get, Put, Take, Taken
from buckler.errors import ConfigError
from buckler.stores.memory import Memory

if TYPE_CHECKING:
    from buckler.core.store import Store

CLOCK = HandClock()


async def _takes(store: Store, *takes: Take) -> list[Taken]:
    return [answer for answer in await store.batch(list(takes)) if isinstance(answer, Taken)]


def test_it_must_have_room() -> None:
    with pytest.raises(ConfigError, match=r"Memory\.max_entries"):
        Memory(max_entries=0)


async def test_memory_forgets_the_expired_first_and_then_the_oldest() -> None:
    store = Memory(max_entries=3, clock=CLOCK)
    await store.batch([Put("a", b"", 60), Put("b", b"", 5), Put("c", b"", 60), Put("a", b"", 60)])
    CLOCK.move(6)
    await store.batch([Put("d", b"", 60)])
    assert await store.batch([Get("a"), Get("b"), Get("c"), Get("d")]) == [b"", None, b"", b""]
    await store.batch([Put("e", b"", 60)])
    assert await store.batch([Get("c"), Get("a")]) == [None, b""]


async def test_memory_forgets_whole_quotas_first_and_never_one_that_is_refused() -> None:
    store = Memory(max_entries=2, clock=CLOCK)
    await store.batch([Take("victim", 1, 100), Take("whole", 1, 5)])
    CLOCK.move(6)
    await store.batch([Take("new", 1, 100)])
    assert not (await _takes(store, Take("victim", 1, 100)))[0].allowed
    await store.batch([Take("newer", 1, 100)])
    assert not (await _takes(store, Take("victim", 1, 100)))[0].allowed
    assert (await _takes(store, Take("new", 1, 100)))[0].allowed  # the oldest has made room


async def test_memory_does_not_remember_whole_quotas() -> None:
    """Else one refused client could push out everybody's counters by naming ever new accounts."""
    store = Memory(max_entries=2, clock=CLOCK)
    client = Take("client", 1, 100)
    await store.batch([client, Take("victim", 1, 100)])
    for number in range(10):
        await store.batch([client, Take(f"account {number}", 5, 100, follows=True)])
    assert [taken.allowed for taken in await _takes(store, client, Take("victim", 1, 100))] == [False, False]
