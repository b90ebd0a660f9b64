"""A shelf: two levels that agree within a stated time, tags, bounds, and what a failing store means."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from buckler.cache.kept import Dropped, Record, read, write, write_dropped
from buckler.cache.shelf import Shelf
from buckler.cache.tags import new_version, purged_s
from buckler.core.clock import HandClock
from buckler.core.event import Events
from buckler.core.store import Get, Put, Reach
from buckler.errors import ConfigError, StoreError
from buckler.stores.memory import Memory
from tests.cache.stores import Away


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def behind(clock: HandClock) -> Memory:
    return Memory(clock=clock)


def shelf(store: Any, clock: HandClock, **options: Any) -> Shelf[str]:
    return Shelf("test", store, **{"encode": str.encode, "decode": bytes.decode, "clock": clock, **options})


async def thing(where: Shelf[str], key: str) -> str | None:
    kept = await where.get(key)
    return kept.thing if kept else None


# ---- one process


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


# ---- several processes


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


# ---- a store that fails or lies


async def test_a_store_that_is_down_has_nothing_and_is_an_event(clock: HandClock, behind: Memory) -> None:
    events = Events()
    store = Away(behind)
    here = shelf(store, clock, events=events)
    await here.put("tagged", "t", ttl_s=100, tags=["x"])
    events.drain()
    clock.move(2)
    store.down = True
    assert await here.get("k") is None
    assert await here.put("k", "a", ttl_s=100)
    assert await thing(here, "k") == "a"  # in this process, for the stated time
    assert not await here.put("j", "b", ttl_s=100, tags=["new"])  # whose version nobody knows
    clock.move(1)
    assert await here.get("k") is None
    found = events.drain()
    assert {event.kind for event in found} == {"store.failed"}
    assert {event.mode for event in found} == {"note"}


async def test_who_purges_is_told_that_the_others_have_not_heard(clock: HandClock, behind: Memory) -> None:
    store = Away(behind)
    here = shelf(store, clock)
    await here.put("k", "a", ttl_s=100, tags=["x"])
    store.down = True
    with pytest.raises(StoreError):
        await here.purge("x")
    assert here.near("k") is None
    with pytest.raises(StoreError):
        await here.drop("k")
    await here.drop()
    await here.purge()


async def test_a_store_that_fails_between_two_questions(clock: HandClock, behind: Memory) -> None:
    await shelf(behind, clock).put("k", "a", ttl_s=100, tags=["x"])
    store = Away(behind)

    async def fall() -> None:
        store.down = True

    store.after = fall
    assert await shelf(store, clock).get("k") is None


@pytest.mark.parametrize("raw", [b"", b"v1", b"v1" + bytes(20), b"d1", b"d1short", b"v2" + bytes(40), b"garbage" * 9, b"v1" + b"\xff" * 30])
async def test_a_lying_store_has_nothing(raw: bytes, clock: HandClock, behind: Memory) -> None:
    here = shelf(behind, clock)
    await here.put("k", "a", ttl_s=100)
    here.forget()
    (name,) = behind._values
    await behind.batch([Put(name, raw, 60)])
    assert await here.get("k") is None


async def test_what_cannot_be_decoded_is_not_there(clock: HandClock, behind: Memory) -> None:
    writer: Shelf[bytes] = Shelf("test", behind, encode=bytes, decode=bytes, clock=clock)
    await writer.put("k", b"\xff", ttl_s=100)
    assert await shelf(behind, clock).get("k") is None


async def test_what_is_over_is_over_wherever_it_lies(clock: HandClock) -> None:
    """A store with a clock of its own may keep a value for longer than it was good."""
    behind = Memory(clock=HandClock())
    await shelf(behind, clock).put("k", "a", ttl_s=5)
    clock.move(6)
    assert await shelf(behind, clock).get("k") is None


async def test_any_text_is_a_key_and_a_tag(clock: HandClock, behind: Memory) -> None:
    here, there = shelf(behind, clock), shelf(behind, clock)
    for odd in ("", "a b", "\n", "\x00", "é", "\ud800", "x" * 5000, "k:1", "1:k"):
        await here.put(odd, repr(odd), ttl_s=10, tags=[odd[:1000]])
    for odd in ("", "a b", "\n", "\x00", "é", "\ud800", "x" * 5000, "k:1", "1:k"):
        assert await thing(there, odd) == repr(odd)
    assert all(len(name) < 250 and name.isascii() and name.isprintable() for name in behind._values)  # as Memcached wants them
    with pytest.raises(ValueError, match="1024"):
        await here.put("k", "a", ttl_s=10, tags=["x" * 1025])


def test_records_come_back_as_they_were() -> None:
    record = Record(1.0, 2.0, 3.0, 0.75, 0.25, (("a", new_version()), ("é\ud800", new_version(7.0))), b"body")
    assert read(write(record)) == record
    assert read(write(record)[:-20]) is None  # cut within a tag
    assert read(write_dropped(Dropped(4.0, b"12345678"))) == Dropped(4.0, b"12345678")


def test_versions_that_nobody_made_are_of_the_end_of_time() -> None:
    assert purged_s(new_version()) == 0.0
    assert purged_s(new_version(5.0)) == 5.0
    assert purged_s(b"short") == float("inf")
    assert purged_s(b"\xff" * 16) == float("inf")  # not a number
    assert purged_s(b"\xc0" + bytes(15)) == float("inf")  # before the epoch


async def test_who_cannot_wait_has_the_same_shelf(clock: HandClock, behind: Memory) -> None:
    here = shelf(behind, clock)
    now = here.immediate()
    await here.put("k", "a", ttl_s=10)
    assert now.near("k") is not None
    asyncio_free = now.get("other")
    with pytest.raises(StopIteration):
        asyncio_free.send(None)
    events = Events()
    busy = shelf(Never(), clock, events=events).immediate()
    assert await busy.get("k") is None
    assert [event.detail for event in events.drain()] == ["test: busy, and a plain function cannot wait"]
    assert len(shelf(None, clock).immediate()) == 0


async def test_a_thread_without_a_loop_waits_a_moment_for_another_writer(clock: HandClock) -> None:
    busy = Busy(clock=clock)
    now = shelf(busy, clock).immediate()

    def ended(doing: Any) -> Any:
        with pytest.raises(StopIteration) as done:
            doing.send(None)
        return done.value.value

    assert await asyncio.to_thread(ended, now.put("k", "a", ttl_s=10)) is True
    assert busy.asked == 3
    events = Events()
    never = shelf(Never(), clock, events=events).immediate()
    assert await asyncio.to_thread(ended, never.get("k")) is None
    assert len(events.drain()) == 1


class Busy(Memory):
    """Is free at the third try."""

    asked = 0

    def at_once(self, ops: list[Any]) -> Any:
        self.asked += 1
        return super().at_once(ops) if self.asked > 2 else None


class Never(Memory):
    """Is always busy."""

    def at_once(self, ops: list[Any]) -> Any:
        return None


async def test_an_immediate_store_has_nothing_to_close(behind: Memory, clock: HandClock) -> None:
    far = shelf(behind, clock).immediate()._far
    assert far is not None
    await behind.batch([Put("k", b"1", 60)])
    await far._store.close()
    assert await behind.batch([Get("k")]) == [b"1"]


async def test_threads_may_share_it(clock: HandClock) -> None:
    here = shelf(None, clock, max_entries=50)

    def work(start: int) -> None:
        now = here.immediate()
        for number in range(2000):
            key = str((start * 7 + number) % 80)
            now.near(key)
            with pytest.raises(StopIteration):
                now.put(key, key, ttl_s=10).send(None)

    await asyncio.gather(*(asyncio.to_thread(work, start) for start in range(4)))
    assert len(here) == 50
    assert here.used_bytes == sum(entry.size_bytes for entry in here._near._entries.values())


async def test_an_entry_that_goes_while_it_is_read_is_not_there(clock: HandClock) -> None:
    here = shelf(None, clock)
    await here.put("k", "a", ttl_s=10)

    class Slow(dict[str, Any]):
        def get(self, key: str, default: Any = None) -> Any:
            found = super().get(key, default)
            self.pop(key)  # another thread
            return found

        def move_to_end(self, key: str) -> None:
            raise KeyError(key)

    here._near._entries = Slow(here._near._entries)  # type: ignore[assignment]  # a dictionary in an unlucky moment
    assert here.near("k") is None
