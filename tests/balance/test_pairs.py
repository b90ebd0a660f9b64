"""Intervals from order statistics, differences from pairs."""

from __future__ import annotations

import gc
import time
from random import Random

from buckler.balance.pairs import Effort, differences, durations, interval


def test_interval_of_many() -> None:
    found = interval([float(number) for number in range(100)])
    assert found.median == 49.5
    # Hahn & Meeker, table for n = 100: the 40th and 61st of the ordered values hold the median with 95 %.
    assert (found.low, found.high) == (39.0, 60.0)


def test_interval_of_few_is_their_extremes() -> None:
    assert interval([3.0, 1.0, 2.0]) == (2.0, 1.0, 3.0)
    assert interval([7.0]) == (7.0, 7.0, 7.0)


def test_an_interval_holds_the_median_as_often_as_it_says() -> None:
    random = Random(5)
    held = 0
    for _ in range(400):
        found = interval([random.expovariate(1.0) for _ in range(40)])
        held += found.low <= 0.6931 <= found.high  # the median of that distribution is ln 2
    assert held >= 0.94 * 400


class Spin:
    """Takes `us` a request, by the clock that is measured with."""

    def __init__(self, us: float) -> None:
        self.us, self.order = us, list[float]()

    async def send(self, requests: int) -> None:
        ends_ns = time.perf_counter_ns() + int(requests * self.us * 1000)
        while time.perf_counter_ns() < ends_ns:
            pass


async def test_ten_microseconds_are_seen() -> None:
    found = interval(await differences(Spin(15).send, Spin(5).send, Effort(1, 60, 10), Random(1)))
    assert found.low > 5


async def test_nothing_is_not_seen_as_something() -> None:
    found = interval(await differences(Spin(5).send, Spin(5).send, Effort(1, 60, 10), Random(1)))
    assert found.low < 2
    assert found.high > -2


async def test_each_goes_first_about_as_often() -> None:
    order: list[str] = []

    async def on(_: int) -> None:
        order.append("on")

    async def off(_: int) -> None:
        order.append("off")

    assert len(await differences(on, off, Effort(1, 100, 1), Random(1))) == 100
    firsts = order[2::2]
    assert 30 < firsts.count("on") < 70
    assert gc.isenabled()


async def test_the_collector_stays_as_it_was() -> None:
    gc.disable()
    try:
        assert len(await durations(Spin(1).send, Effort(1, 3, 1))) == 3
        assert not gc.isenabled()
    finally:
        gc.enable()
