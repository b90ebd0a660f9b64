"""A shelf whose store fails, lies, is busy, or is asked by threads."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from buckler.cache.kept import Dropped, Record, read, write, write_dropped
from buckler.cache.shelf import Shelf
from buckler.cache.tags import new_version, purged_s
from buckler.core.clock import HandClock
from buckler.core.event import Events
from buckler.core.store import Get, Put
from buckler.errors import StoreError
from buckler.stores.memory import Memory
from tests.cache.shelves import shelf, thing
from tests.cache.stores import Away


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
