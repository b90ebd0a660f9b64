"""Single-flight: one call for a thousand, whoever is cancelled, fails, dies or hangs."""

from __future__ import annotations

import asyncio
from contextvars import Context, ContextVar
from typing import TYPE_CHECKING, Any

import pytest

from buckler.cache.flights import Flights, Work
from buckler.core.clock import HandClock
from buckler.core.event import Events
from buckler.core.store import Add, Get, Put
from buckler.errors import BusyError, ConfigError
from buckler.stores.memory import Memory
from tests.cache.stores import Away

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

WHO: ContextVar[str] = ContextVar("who")


class Maker:
    """Makes "1", "2", … when it is let; fails with what is in `failures` first."""

    def __init__(self, *failures: Exception) -> None:
        self.calls = 0
        self.go = asyncio.Event()
        self.failures = list(failures)

    async def __call__(self) -> str:
        self.calls += 1
        mine = self.calls
        await self.go.wait()
        if self.failures:
            raise self.failures.pop(0)
        return str(mine)


async def nothing() -> None:
    return None


async def begun(count: int, flights: Flights, maker: Callable[[], Awaitable[str]], **options: Any) -> list[asyncio.Task[str]]:
    work = Work(maker, options.pop("look", None), **options)
    tasks = [asyncio.create_task(flights.once("k", work, wait_s=5)) for _ in range(count)]
    await asyncio.sleep(0.01)
    return tasks


async def test_a_thousand_who_miss_at_once_are_one_call() -> None:
    flights, maker = Flights("test"), Maker()
    tasks = await begun(1000, flights, maker)
    assert flights.working == 1
    maker.go.set()
    assert set(await asyncio.gather(*tasks)) == {"1"}
    assert maker.calls == 1
    assert flights.working == 0
    assert await flights.once("k", maker, wait_s=5) == "2"  # what is over is made again


async def test_who_is_cancelled_takes_it_from_nobody() -> None:
    flights, maker = Flights("test"), Maker()
    tasks = await begun(3, flights, maker)
    tasks[0].cancel()  # who began it
    await asyncio.sleep(0)
    maker.go.set()
    assert await asyncio.gather(*tasks[1:]) == ["1", "1"]
    assert tasks[0].cancelled()


async def test_work_that_nobody_waits_for_any_more_comes_to_its_end() -> None:
    events = Events()
    flights, maker = Flights("test", events=events), Maker(ValueError("a secret"))
    (task,) = await begun(1, flights, maker, about="article")
    task.cancel()
    await asyncio.sleep(0)
    maker.go.set()
    await asyncio.sleep(0.01)
    (event,) = events.drain()
    assert (event.kind, event.mode, event.detail) == ("cache.failed", "note", "article: ValueError")


async def test_when_the_maker_fails_one_other_tries() -> None:
    flights, maker = Flights("test"), Maker(ValueError("first"))
    tasks = await begun(100, flights, maker)
    maker.go.set()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(answers[0], ValueError)
    assert answers[1:] == ["2"] * 99
    assert maker.calls == 2


async def test_when_the_other_fails_too_all_are_told() -> None:
    flights, maker = Flights("test"), Maker(ValueError("first"), KeyError("second"), ValueError("third"))
    tasks = await begun(100, flights, maker)
    maker.go.set()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(answer) for answer in answers] == [ValueError] + [KeyError] * 99
    assert maker.calls == 2


async def test_waiting_is_bounded_in_time_and_number() -> None:
    flights, maker = Flights("test", max_waiting=3), Maker()
    tasks = await begun(3, flights, maker)
    with pytest.raises(BusyError, match="more than 3"):
        await flights.once("k", maker, wait_s=5)
    maker.go.set()
    assert await asyncio.gather(*tasks) == ["1"] * 3
    maker.go.clear()
    with pytest.raises(BusyError, match="not made in"):
        await flights.once("k", maker, wait_s=0.01)
    assert flights.working == 1  # it goes on
    await flights.close()
    assert flights.working == 0
    await flights.close()


async def test_work_that_does_not_end_is_ended() -> None:
    flights, maker = Flights("test", work_s=0.02), Maker()
    with pytest.raises(BusyError, match="did not end in time"):
        await flights.once("k", maker, wait_s=5)
    assert flights.working == 0


async def test_work_that_is_cancelled_cancels_nobody() -> None:
    flights, maker = Flights("test"), Maker()
    (task,) = await begun(1, flights, maker)
    await flights.close()
    with pytest.raises(BusyError, match="cancelled"):
        await task


async def test_what_is_out_of_date_is_joined_by_nobody() -> None:
    flights, maker = Flights("test"), Maker()
    early = await begun(2, flights, maker, tags=("x", "y"))
    flights.forget_tagged("z")
    early += await begun(1, flights, maker, tags=("x", "y"))
    flights.forget_tagged("y")
    late = await begun(2, flights, maker)
    flights.forget("k", "unknown")
    latest = await begun(1, flights, maker)
    maker.go.set()
    assert await asyncio.gather(*early) == ["1"] * 3
    assert await asyncio.gather(*late) == ["2"] * 2
    assert await asyncio.gather(*latest) == ["3"]


async def test_the_work_sees_the_context_that_it_is_given() -> None:
    flights = Flights("test")

    async def who() -> str:
        return WHO.get("nobody")

    WHO.set("somebody")
    assert await flights.once("k", Work(who, context=Context()), wait_s=5) == "nobody"
    assert await flights.once("k", who, wait_s=5) == "somebody"


def test_work_of_a_loop_that_has_ended_is_not_waited_for() -> None:
    flights = Flights("test")

    async def begin() -> None:
        await begun(1, flights, Maker())

    loop = asyncio.new_event_loop()
    loop.run_until_complete(begin())  # and it is never finished

    async def made() -> str:
        return "made"

    assert asyncio.run(flights.once("k", made, wait_s=5)) == "made"
    asyncio.run(flights.close())
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0))
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


@pytest.mark.parametrize("option", ["max_waiting", "max_background", "work_s", "lock_s"])
def test_bounds_are_over_zero(option: str) -> None:
    with pytest.raises(ConfigError, match=f"Flights.{option}"):
        Flights("test", **{option: 0})  # type: ignore[arg-type]  # one of the numbers


# ---- in the background


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
    assert await there.once("k", idle, wait_s=5) == "1"  # who needs it now, without looking for it elsewhere, makes it
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
        await flights.once("k", maker, wait_s=5)
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

    assert await Flights("test", behind).once("k", Work(maker, found), wait_s=5) == "found"
    assert maker.calls == 0
    assert behind._values == {}


async def test_what_is_found_while_another_has_the_lock_leaves_it_the_lock() -> None:
    behind, maker = Memory(), Maker()
    flights = Flights("test", behind)
    await behind.batch([Add(flights._far.lock("k"), b"1", 60)])  # type: ignore[union-attr]  # it has a store

    async def found() -> str | None:
        return "found"

    assert await flights.once("k", Work(maker, found), wait_s=5) == "found"
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
    assert await flights.once("k", Work(maker, nothing), wait_s=5) == "1"
    flights.start("k", Work(maker))
    await asyncio.sleep(0.01)
    assert maker.calls == 2
    assert {event.kind for event in events.drain()} == {"store.failed"}


async def test_any_text_names_work() -> None:
    behind, maker = Memory(), Maker()
    maker.go.set()
    for odd in ("", "\ud800", "x" * 5000):
        assert await Flights("test", behind).once(odd, Work(maker, nothing), wait_s=5)


async def test_locks_and_values_never_meet() -> None:
    behind = Memory()
    far = Flights("test", behind)._far
    assert far is not None
    await behind.batch([Put(far.key("k"), b"1", 60)])
    assert await behind.batch([Get(far.lock("k")), Get(far.tag("k"))]) == [None, None]
