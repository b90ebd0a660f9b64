"""Kept answers never fill the store in which the sessions are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler import Cache
from buckler.core.clock import HandClock
from buckler.core.store import Get, Put
from buckler.guard.cache.ration import Ration
from buckler.stores.shared import Shared
from tests.guard.cache.origin import Origin, is_hit, says

if TYPE_CHECKING:
    from pathlib import Path


def test_a_ration() -> None:
    clock = HandClock()
    ration = Ration(4096, clock.now)
    now_s = clock.now()
    assert [ration.takes(key, size, now_s + 10) for key, size in (("a", 3000), ("b", 2000), ("b", 1), ("a", 10), ("c", 2048))] == [
        *(True, False, True, True, True)
    ]
    assert ration.used_bytes == 4096
    assert ration.takes("a", 1, now_s + 20)
    clock.move(10)
    assert ration.takes("d", 3072, now_s + 20)
    assert ration.used_bytes == 4096
    clock.move(10)
    assert ration.takes("e", 4096, now_s + 30)


async def test_who_asks_for_many_addresses_leaves_room_for_sessions(tmp_path: Path) -> None:
    store = Shared("full", max_bytes=1 << 20, folder=tmp_path)
    origin = Origin(says("cache-control: public, max-age=60", body=b"x" * 10_000), store=store)
    await origin.ask("/first")
    for number in range(200):
        await origin.ask(f"/?{number}")
    assert is_hit(await origin.ask("/?199"))
    assert await store.batch([Put("session", b"x" * 100_000, 60.0), Get("session")]) == [None, b"x" * 100_000]
    assert "store.failed" not in {event.kind for event in origin.guard.plan.events.drain()}
    await store.close()


def test_a_store_of_the_caches_own_is_all_its_own(tmp_path: Path) -> None:
    store = Shared("own", max_bytes=1 << 20, folder=tmp_path)
    origin = Origin(says(), options={"store": store})
    assert origin.guard.plan.cache is not None
    assert origin.guard.plan.cache.shelf.ration is None
    assert Cache(store=store).store is store
