"""A shelf in one process: times, tags, bounds, and what was made before something was dropped."""

from __future__ import annotations

from typing import Any

import pytest

from buckler.cache.shelf import Shelf
from buckler.core.clock import HandClock
from buckler.errors import ConfigError
from buckler.stores.memory import Memory
from tests.cache.shelves import shelf, thing


async def test_what_is_put_is_near_until_its_time_is_over(clock: HandClock) -> None:
    here = shelf(None, clock)
    assert here.near("k") is None
    assert await here.get("k") is None
    assert await here.put("k", "a", ttl_s=10, made_in_s=0.5, keep_s=5)
    kept = here.near("k")
    assert kept == ("a", clock.now(), clock.now() + 10, 0.5)
    assert await here.get("k") == kept
    clock.move(12)
    assert here.near("k") == kept  # past its time, and kept: whether it will do is the caller's to say
    clock.move(4)
    assert here.near("k") is None


async def test_a_tag_takes_all_that_have_it(clock: HandClock) -> None:
    here = shelf(None, clock)
    await here.put("a", "1", ttl_s=10, tags=["x", "y", "x"])
    await here.put("b", "2", ttl_s=10, tags=["y"])
    await here.put("c", "3", ttl_s=10)
    await here.purge("x")
    assert [await thing(here, key) for key in "abc"] == [None, "2", "3"]
    await here.put("a", "4", ttl_s=10, tags=["x", "y"])
    assert await thing(here, "a") == "4"
    await here.drop("c", "a")
    assert [await thing(here, key) for key in "abc"] == [None, "2", None]
    await here.put("c", "5", ttl_s=10)
    assert await thing(here, "c") == "5"


async def test_what_was_purged_or_dropped_while_it_was_made_is_not_kept(clock: HandClock) -> None:
    here = shelf(None, clock)
    await here.put("a", "old", ttl_s=10, tags=["x"])
    since = here.moment()
    await here.purge("x")
    await here.drop("b")
    assert not await here.put("a", "of before", ttl_s=10, tags=["x"], since=since)
    assert not await here.put("b", "of before", ttl_s=10, since=since)
    assert await here.put("a", "of now", ttl_s=10, tags=["x"], since=here.moment())
    assert await here.put("b", "of now", ttl_s=10)


async def test_drops_of_long_ago_are_not_forgotten_in_a_flood(clock: HandClock) -> None:
    here = shelf(None, clock)
    since = here.moment()
    await here.drop("a")
    await here.drop(*(f"k{number}" for number in range(5000)))
    assert not await here.put("a", "of before", ttl_s=10, since=since)
    assert not await here.put("never dropped", "of before", ttl_s=10, since=since)  # when in doubt, not
    assert await here.put("a", "of now", ttl_s=10)


async def test_it_is_bounded_in_entries_and_bytes_and_the_unused_make_room(clock: HandClock) -> None:
    here = shelf(None, clock, max_entries=3)
    for key in "abc":
        await here.put(key, key, ttl_s=10)
    assert here.near("a")
    await here.put("d", "d", ttl_s=10)
    assert [key for key in "abcd" if here.near(key)] == ["a", "c", "d"]
    small = shelf(None, clock, max_bytes=20_000)
    for number in range(100):
        await small.put(str(number), "x" * 1000, ttl_s=10)
    assert 0 < small.used_bytes <= 20_000
    assert len(small) == 12  # of 1,600 bytes each, with what an entry itself takes
    await small.put("99", "x" * 10_000, ttl_s=10)  # more than an eighth of all
    assert small.near("99") is None
    assert len(small) == 11
    small.forget()
    assert (len(small), small.used_bytes) == (0, 0)


async def test_size_is_the_callers_to_say(clock: HandClock) -> None:
    here: Shelf[list[int]] = Shelf("test", size=lambda items: 8 * len(items), clock=clock)
    await here.put("k", [1, 2], ttl_s=10)
    assert here.used_bytes == 16 + 1 + 600


async def test_forgotten_tags_make_stale_and_never_fresh(clock: HandClock) -> None:
    here = shelf(None, clock, max_tags=2)
    await here.put("a", "1", ttl_s=10, tags=["x"])
    await here.purge("y", "z")
    assert here.near("a") is None


async def test_a_purge_is_not_forgotten_in_a_flood_of_tags(clock: HandClock) -> None:
    here = shelf(None, clock, max_tags=2)
    since = here.moment()
    clock.move(1)
    await here.purge("x")
    await here.purge("y", "z")
    assert not await here.put("a", "of before", ttl_s=10, tags=["x"], since=since)
    assert await here.put("a", "of now", ttl_s=10, tags=["x"], since=here.moment())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_entries": 0}, "Shelf.max_entries"),
        ({"max_bytes": -1}, "Shelf.max_bytes"),
        ({"near_s": -1}, "Shelf.near_s"),
        ({"encode": None, "decode": None}, "Shelf.size"),
        ({"store": Memory(), "decode": None}, "Shelf.encode"),
    ],
)
def test_what_cannot_work_stops_the_start(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        shelf(options.pop("store", None), HandClock(), **options)


async def test_no_time_is_no_thing(clock: HandClock) -> None:
    with pytest.raises(ConfigError, match="ttl_s"):
        await shelf(None, clock).put("k", "a", ttl_s=0)
