"""What the guard puts before its store, and which stores it does not take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from buckler.core.clock import HandClock
from buckler.core.store import EVERYTHING, Able, Get, Op, Put, Reach, Reply, Take
from buckler.errors import ConfigError
from buckler.guard.state import sealed
from buckler.stores.local import Local
from buckler.stores.memory import Memory
from buckler.stores.sealed import Sealed
from buckler.testing import guarded
from tests.guard.odd import ok

if TYPE_CHECKING:
    from collections.abc import Callable

    from buckler.core.store import Store


class Far(Memory):
    """A store as over a network: it waits, and says no more than it must."""

    able = Able(Reach.NETWORK)

    async def batch(self, ops: list[Op]) -> list[Reply]:
        return super().at_once(ops)


class Telling(Far):
    """One that also says what changes in it."""

    def pushes(self, callback: Callable[[list[str] | None], None]) -> None:
        self.tell = callback

    silent_s = 0.0

    def heard_s(self) -> float:
        return self.silent_s


class Mute:
    """One that says nothing about itself."""

    async def batch(self, ops: list[Op]) -> list[Reply]:
        return [None] * len(ops)

    async def close(self) -> None: ...


def _stands(store: Store) -> Store:
    return guarded(ok, store=store).plan.site.store


def test_a_store_of_this_machine_stands_as_it_is() -> None:
    store = Memory()
    assert _stands(store) is store


@pytest.mark.parametrize("store", [Far(), Mute()])
def test_what_is_reached_over_a_network_is_sealed(store: Store) -> None:
    assert type(_stands(store)) is Sealed


async def test_what_says_what_changes_has_a_level_before_it() -> None:
    far = Telling()
    guard = guarded(ok, store=far)
    store = guard.plan.site.store
    assert isinstance(store, Local)
    assert guard.plan.quick
    await store.batch([Put("k", b"1", 60)])
    await store.batch([Get("k")])
    assert store.at_once([Get("k")]) == [b"1"]
    far.tell(["k"])
    assert store.at_once([Get("k")]) is None


async def test_a_store_that_tells_nothing_for_long_is_an_event() -> None:
    """A server's user may not be allowed to listen: everything works then, but a visitor costs a round trip each time."""
    clock, far = HandClock(), Telling()
    site = guarded(ok, store=far, clock=clock).plan.site
    for silent_s, after_s, told in ((9, 0, 0), (9, 9.9, 0), (9, 0.1, 1), (9, 60, 0), (0, 0, 0), (9, 0, 0), (9, 11, 1)):
        far.silent_s = silent_s
        clock.move(after_s)
        await site.store.batch([Get(f"k{clock.now()}")])
        assert [event.kind for event in site.events.drain()] == ["store.unheard"] * told


@pytest.mark.parametrize("store", [Far(), Telling()])
def test_nothing_is_sealed_twice(store: Store) -> None:
    site = guarded(ok, store=store).plan.site
    assert sealed(site.store, site.keys, site.events, site.clock) is site.store


async def test_what_was_not_sealed_here_is_an_event() -> None:
    far = Far()
    site = guarded(ok, store=far).plan.site
    await far.batch([Put("session:1:a", b"forged", 60)])
    assert await site.store.batch([Get("session:1:a")]) == [None]
    (event,) = site.events.drain()
    assert (event.kind, event.mode, event.detail) == ("store.forged", "note", "session: a value that was not sealed here")


@pytest.mark.parametrize(
    ("able", "message"),
    [
        (Able(Reach.NETWORK, ops=EVERYTHING - {Take}), r"Guard\.store = 'Cacher': it is fit for a cache; .*Take is lacking"),
        (Able(Reach.NETWORK, keeps=False), r"keeps what it was given"),
        (Able(Reach.PROCESS, keeps=False), r"keeps what it was given"),
    ],
)
def test_a_mere_cache_does_not_keep_the_state_of_a_guard(able: Able, message: str) -> None:
    class Cacher(Mute):
        pass

    Cacher.able = able  # type: ignore[attr-defined]  # what a store says of itself
    with pytest.raises(ConfigError, match=message):
        _stands(Cacher())
    site = guarded(ok).plan.site
    assert sealed(Cacher(), site.keys, site.events, site.clock) is not None  # for a cache it is good enough
