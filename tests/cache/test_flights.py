"""Single-flight: one call for a thousand, whoever is cancelled, fails, dies or hangs."""

from __future__ import annotations

import asyncio
from contextvars import Context, ContextVar

import pytest

from buckler.cache.flights import Flights, Work
from buckler.core.event import Events
from buckler.errors import BusyError, ConfigError
from tests.cache.makers import Maker, begun

WHO: ContextVar[str] = ContextVar("who")


async def test_a_thousand_who_miss_at_once_are_one_call() -> None:
    flights, maker = Flights("test"), Maker()
    tasks = await begun(1000, flights, maker)
    assert flights.working == 1
    maker.go.set()
    assert set(await asyncio.gather(*tasks)) == {"1"}
    assert maker.calls == 1
    assert flights.working == 0
    assert await flights.once("k", maker, wait_s=60) == "2"  # what is over is made again


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
        await flights.once("k", maker, wait_s=60)
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
        await flights.once("k", maker, wait_s=60)
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
    assert await flights.once("k", Work(who, context=Context()), wait_s=60) == "nobody"
    assert await flights.once("k", who, wait_s=60) == "somebody"


def test_work_of_a_loop_that_has_ended_is_not_waited_for() -> None:
    flights = Flights("test")

    async def begin() -> None:
        await begun(1, flights, Maker())

    loop = asyncio.new_event_loop()
    loop.run_until_complete(begin())  # and it is never finished

    async def made() -> str:
        return "made"

    assert asyncio.run(flights.once("k", made, wait_s=60)) == "made"
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
