"""Single-flight in the background and across processes."""

from __future__ import annotations

import asyncio

import pytest

from buckler.cache.flights import Flights, Work
from buckler.core.clock import HandClock
from buckler.core.event import Events
from buckler.core.store import Add, Get, Put
from buckler.errors import BusyError
from buckler.stores.memory import Memory
from tests.cache.makers import Maker, begun, nothing
from tests.cache.stores import Away


async def test_a_refresh_is_nobodys_error_and_begins_once() -> None:
    events = Events()
    flights, maker = Flights("test", max_background=2, events=events), Maker(ValueError("a secret"))
    assert flights.start("k", Work(maker, about="article"))
    assert not flights.start("k", Work(maker))
    assert flights.start("j", Work(maker))
    assert not flights.start("i", Work(maker))  # no more than two at a time
    maker.go.set()
    await asyncio.sleep(0.01)
    assert [event.detail for event in events.drain()] == ["article: ValueError"]
    assert flights.start("i", Work(maker))
    await asyncio.sleep(0.01)
    assert maker.calls == 3


async def test_who_comes_while_it_is_refreshed_joins() -> None:
    flights, maker = Flights("test"), Maker()
    flights.start("k", Work(maker))
    tasks = await begun(3, flights, maker)
    maker.go.set()
    assert await asyncio.gather(*tasks) == ["1"] * 3


async def test_a_refresh_that_another_process_does_is_left_to_it() -> None:
    behind = Memory()
    here, there = Flights("test", behind), Flights("test", Away(behind))
    maker, idle = Maker(), Maker()
    idle.go.set()
    assert here.start("k", Work(maker))
    await asyncio.sleep(0.01)
    assert there.start("k", Work(idle))
    assert await there.once("k", idle, wait_s=60) == "1"  # who needs it now, without looking for it elsewhere, makes it
    assert idle.calls == 1
    maker.go.set()
    await asyncio.sleep(0.01)
    assert behind._values == {}  # the lock is gone


async def test_two_refreshes_elsewhere_in_a_row_are_an_error_and_no_result() -> None:
    behind = Memory()
    flights, maker = Flights("test", behind), Maker()
    await behind.batch([Add(flights._far.lock("k"), b"1", 60)])  # type: ignore[union-attr]  # it has a store
    flights.start("k", Work(maker))
    flights._flights["k"].task.add_done_callback(lambda _: flights.start("k", Work(maker)))
    with pytest.raises(BusyError, match="another process"):
        await flights.once("k", maker, wait_s=60)
    assert maker.calls == 0


# ---- across processes


async def test_processes_wait_for_the_one_that_is_at_it() -> None:
    behind = Memory()
    shared: list[str] = []

    async def look() -> str | None:
        return shared[0] if shared else None

    maker = Maker()

    async def make() -> str:
        made = await maker()
        shared.append(made)
        return made

    everybody = [Flights("test", Away(behind)) for _ in range(4)]
    tasks = [task for flights in everybody for task in await begun(10, flights, make, look=look)]
    maker.go.set()
    assert set(await asyncio.gather(*tasks)) == {"1"}
    assert maker.calls == 1
    assert behind._values == {}


async def test_what_was_made_before_the_lock_was_got_is_taken() -> None:
    behind, maker = Memory(), Maker()

    async def found() -> str | None:
        return "found"

    assert await Flights("test", behind).once("k", Work(maker, found), wait_s=60) == "found"
    assert maker.calls == 0
    assert behind._values == {}


async def test_what_is_found_while_another_has_the_lock_leaves_it_the_lock() -> None:
    behind, maker = Memory(), Maker()
    flights = Flights("test", behind)
    await behind.batch([Add(flights._far.lock("k"), b"1", 60)])  # type: ignore[union-attr]  # it has a store

    async def found() -> str | None:
        return "found"

    assert await flights.once("k", Work(maker, found), wait_s=60) == "found"
    assert len(behind._values) == 1


async def test_a_process_that_failed_lets_another_try() -> None:
    behind, maker = Memory(), Maker(ValueError("first"))
    tasks = [task for _ in range(2) for task in await begun(1, Flights("test", behind), maker, look=nothing)]
    maker.go.set()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(answer, ValueError) for answer in answers] == [True, False]
    assert answers[1] == "2"


async def test_the_lock_lives_as_long_as_its_owner() -> None:
    clock = HandClock()
    behind = Memory(clock=clock)
    maker, other = Maker(), Maker()
    other.go.set()
    first = await begun(1, Flights("test", behind, lock_s=0.03), maker, look=nothing)
    await asyncio.sleep(0.05)
    (until_s,) = [until_s for _, until_s in behind._values.values()]
    clock.move(0.02)
    await asyncio.sleep(0.05)
    assert [later_s for _, later_s in behind._values.values()] > [until_s]  # renewed
    second = await begun(1, Flights("test", behind, lock_s=0.03), other, look=nothing)
    assert other.calls == 0
    for task in asyncio.all_tasks():
        if "_renew" in repr(task):
            task.cancel()  # its process has died
    await asyncio.sleep(0)
    clock.move(1)
    assert await asyncio.gather(*second) == ["1"]
    maker.go.set()
    await asyncio.gather(*first)


async def test_without_its_store_each_process_makes_its_own() -> None:
    events = Events()
    store = Away()
    store.down = True
    maker = Maker()
    maker.go.set()
    flights = Flights("test", store, events=events)
    assert await flights.once("k", Work(maker, nothing), wait_s=60) == "1"
    flights.start("k", Work(maker))
    await asyncio.sleep(0.01)
    assert maker.calls == 2
    assert {event.kind for event in events.drain()} == {"store.failed"}


async def test_any_text_names_work() -> None:
    behind, maker = Memory(), Maker()
    maker.go.set()
    for odd in ("", "\ud800", "x" * 5000):
        assert await Flights("test", behind).once(odd, Work(maker, nothing), wait_s=60)


async def test_locks_and_values_never_meet() -> None:
    behind = Memory()
    far = Flights("test", behind)._far
    assert far is not None
    await behind.batch([Put(far.key("k"), b"1", 60)])
    assert await behind.batch([Get(far.lock("k")), Get(far.tag("k"))]) == [None, None]
