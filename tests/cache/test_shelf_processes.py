"""A shelf of several processes: what one drops or purges, the others know within the stated time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from buckler.core.event import Events
from buckler.core.store import Reach
from buckler.errors import StoreError
from buckler.stores.memory import Memory
from tests.cache.shelves import shelf, thing
from tests.cache.stores import Away

if TYPE_CHECKING:
    import pytest

    from buckler.core.clock import HandClock


async def test_one_round_trip_to_get_and_one_to_put(clock: HandClock, behind: Memory) -> None:
    store = Away(behind)
    here, there = shelf(store, clock), shelf(Away(behind), clock)
    await here.put("i", "a", ttl_s=10)
    assert store.trips == 1
    await here.put("k", "a", ttl_s=10, tags=["x"])
    assert store.trips == 2  # the first time that the tag is heard of
    await here.put("i", "b", ttl_s=10)
    assert store.trips == 2  # in place of another
    await here.put("j", "b", ttl_s=10, tags=["x"])
    assert store.trips == 1
    assert await thing(there, "k") == "a"
    third_store = Away(behind)
    third = shelf(third_store, clock)
    kept = await third.get("k", tags=["x"])
    assert kept is not None
    assert third_store.trips == 1
    assert await thing(third, "j") == "b"
    assert third_store.trips == 1  # its tag was heard of just now
    assert await thing(third, "k") == "a"
    assert third_store.trips == 0


async def test_many_who_miss_at_once_ask_once(clock: HandClock, behind: Memory) -> None:
    await shelf(behind, clock).put("k", "a", ttl_s=10)
    store = Away(behind)
    there = shelf(store, clock)
    answers = await asyncio.gather(*(thing(there, "k") for _ in range(2000)))
    assert set(answers) == {"a"}
    assert store.trips == 1
    there._gets._max_waiting = 1  # type: ignore[union-attr]  # it has a store
    there.forget()
    assert sorted(map(str, await asyncio.gather(*(thing(there, "k") for _ in range(3))))) == ["None", "None", "a"]


async def test_a_store_that_fails_where_it_stands_is_asked_again_and_heard(clock: HandClock) -> None:
    class Failing(Memory):
        def at_once(self, ops: list[Any]) -> Any:
            raise StoreError("damaged")

    events = Events()
    assert await shelf(Failing(), clock, events=events).get("k") is None
    assert [event.detail for event in events.drain()] == ["test: damaged"]


async def test_a_purge_elsewhere_is_seen_within_the_stated_time(clock: HandClock, behind: Memory) -> None:
    here, there = shelf(Away(behind), clock), shelf(Away(behind), clock)
    await here.put("k", "a", ttl_s=100, tags=["x"])
    await here.put("j", "b", ttl_s=100)
    assert (await thing(there, "k"), await thing(there, "j")) == ("a", "b")
    await here.purge("x")
    await here.drop("j")
    assert (here.near("k"), here.near("j")) == (None, None)
    assert there.near("k") is not None  # not yet
    clock.move(1.0)
    assert (there.near("k"), there.near("j")) == (None, None)
    assert (await thing(there, "k"), await thing(there, "j")) == (None, None)


async def test_the_bound_is_not_twice_itself(clock: HandClock, behind: Memory) -> None:
    """What is known of a tag a while ago, and of a value now, is sure only as long as the older of the two."""
    here, there = shelf(Away(behind), clock), shelf(Away(behind), clock)
    await here.put("k", "a", ttl_s=100, tags=["x"])
    await here.put("j", "b", ttl_s=100, tags=["x"])
    await there.get("k")
    clock.move(0.9)
    await here.purge("x")
    assert await thing(there, "j") == "b"
    clock.move(0.1)
    assert there.near("j") is None
    assert await thing(there, "j") is None


async def test_without_a_near_level_every_answer_is_the_stores(clock: HandClock, behind: Memory) -> None:
    here, there = shelf(behind, clock, near_s=0), shelf(behind, clock, near_s=0)
    await here.put("k", "a", ttl_s=100, tags=["x"])
    assert here.near("k") is None
    assert await thing(there, "k") == "a"
    await there.purge("x")
    assert await thing(here, "k") is None


async def test_what_another_process_purged_or_dropped_meanwhile_is_not_kept(clock: HandClock, behind: Memory) -> None:
    here, there = shelf(Away(behind), clock), shelf(Away(behind), clock)
    await here.put("k", "a", ttl_s=100, tags=["x"])
    since = there.moment()
    clock.move(0.1)
    await here.purge("x")
    await here.drop("j")
    clock.move(0.1)
    assert not await there.put("k", "of before", ttl_s=100, tags=["x"], since=since)  # its first sight of the tag
    assert not await there.put("j", "of before", ttl_s=100, since=since)
    assert await thing(here, "j") is None
    clock.move(1)
    assert await there.put("k", "of now", ttl_s=100, tags=["x"], since=there.moment())
    assert await there.put("j", "of now", ttl_s=100, since=there.moment())
    assert (await thing(here, "k"), await thing(here, "j")) == ("of now", "of now")


async def test_a_key_that_is_dropped_between_two_steps_stays_dropped(clock: HandClock, behind: Memory) -> None:
    """In place of an old value, a new one is put in two steps: nothing is put over what is known to be dropped."""
    store = Away(behind)
    here, there = shelf(Away(behind), clock), shelf(store, clock)
    await there.put("k", "old", ttl_s=100)
    since = there.moment()
    clock.move(1)

    async def between() -> None:
        store.after = lambda: here.drop("k")

    store.before = between
    assert not await there.put("k", "of before", ttl_s=100, since=since)
    clock.move(1)
    assert (await thing(here, "k"), await thing(there, "k")) == (None, None)

    async def fall() -> None:
        store.down = True

    await here.put("k", "new", ttl_s=100)
    store.after = fall
    assert await there.put("k", "newer", ttl_s=100)  # whether the store has it, nobody knows


async def test_a_key_that_is_dropped_here_while_it_is_put_is_dropped_everywhere(clock: HandClock, behind: Memory) -> None:
    """The store may get the two in either order."""
    store = Away(behind)
    here, there = shelf(store, clock), shelf(behind, clock)
    for step in ("before", "after"):
        setattr(store, step, lambda: here.drop("k"))
        assert not await here.put("k", "of before", ttl_s=100, since=here.moment())
        assert (await thing(here, "k"), await thing(there, "k")) == (None, None)
        clock.move(1)


async def test_who_dropped_a_key_is_never_given_what_was_made_before(clock: HandClock, behind: Memory) -> None:
    here, there = shelf(behind, clock), shelf(Away(behind), clock)
    since = there.moment()
    clock.move(1)
    await here.drop("k")
    behind._values.clear()  # the note of it is lost
    clock.move(1)
    assert await there.put("k", "of before", ttl_s=100, since=since)
    assert await thing(here, "k") is None


async def test_a_version_known_of_old_stores_what_is_stale_at_once(clock: HandClock, behind: Memory) -> None:
    here, there = shelf(Away(behind), clock), shelf(Away(behind), clock)
    await here.put("k", "a", ttl_s=100, tags=["x"])
    await there.get("k")
    since = there.moment()
    clock.move(5)
    await here.purge("x")
    await there.put("k", "of before", ttl_s=100, tags=["x"], since=since)
    assert (there.near("k"), await thing(there, "k"), await thing(here, "k")) == (None, None, None)


async def test_machines_may_differ_by_half_a_second(clock: HandClock, behind: Memory) -> None:
    here, there = shelf(Away(behind), clock), shelf(Away(behind), clock)
    await here.drop("j")
    clock.move(0.4)
    assert not await there.put("j", "of before, by another clock", ttl_s=10, since=there.moment())
    neighbour = shelf(Away(behind, reach=Reach.MACHINE), clock)
    assert await neighbour.put("j", "one machine, one clock", ttl_s=10, since=neighbour.moment())


async def test_a_tag_that_the_store_has_lost_makes_stale(clock: HandClock, behind: Memory) -> None:
    """A mere cache may throw out the very record of a purge: what it held then must not come back."""
    here = shelf(Away(behind), clock)
    await here.put("k", "a", ttl_s=100, tags=["x"])
    clock.move(2)
    for key in [key for key in behind._values if ":tag:" in key]:
        del behind._values[key]
    assert await thing(here, "k") is None
    assert await here.put("k", "b", ttl_s=100, tags=["x"], since=here.moment())
    assert await thing(here, "k") == "b"


async def test_a_purge_while_an_answer_is_under_way_wins(clock: HandClock, behind: Memory) -> None:
    store = Away(behind)
    here = shelf(store, clock)
    await here.put("k", "a", ttl_s=100, tags=["x"])
    here.forget()
    clock.move(2)
    store.after = lambda: here.purge("x")
    assert await here.get("k", tags=["x"]) is None
    await here.put("j", "b", ttl_s=100)
    here.forget()
    store.after = lambda: here.drop("j")
    assert await here.get("j") is None
    since = here.moment()
    store.after = lambda: here.drop("j")
    assert not await here.put("j", "of before", ttl_s=100, since=since)
    assert here.near("j") is None
    clock.move(2)
    store.before = lambda: forgotten(behind)
    store.after = lambda: here.purge("x")
    await here.put("k", "c", ttl_s=100, tags=["x"])
    assert here.near("k") is None


async def forgotten(store: Memory) -> None:
    store._values.clear()


async def test_a_tag_purged_here_while_the_store_said_that_it_has_none(clock: HandClock, behind: Memory) -> None:
    store = Away(behind)
    here = shelf(store, clock)
    store.after = lambda: here.purge("x")
    assert await here.get("k", tags=["x"]) is None
    assert here._tags.version("x") is not None  # the purge is not forgotten for an older answer


async def test_a_worker_that_was_forked_off_is_another_process(clock: HandClock, behind: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    here = shelf(Away(behind, reach=Reach.MACHINE), clock)
    since = here.moment()
    monkeypatch.setattr("os.getpid", lambda: 4_000_000)
    await here.drop("k")
    monkeypatch.undo()
    here._drops.__init__()  # type: ignore[misc]  # as the parent, which knows nothing of it
    assert not await here.put("k", "of before", ttl_s=10, since=since)
