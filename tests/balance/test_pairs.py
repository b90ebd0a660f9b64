"""Intervals from order statistics, differences from pairs."""

from __future__ import annotations

import gc
from random import Random
from typing import TYPE_CHECKING

from buckler.balance.pairs import Effort, differences, durations, interval

if TYPE_CHECKING:
    from tests.balance.machine import Machine


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

    def __init__(self, machine: Machine, us: float) -> None:
        self.machine, self.us = machine, us

    async def send(self, requests: int) -> None:
        self.machine.work(requests * self.us)


async def test_ten_microseconds_are_seen(machine: Machine) -> None:
    found = interval(await differences(Spin(machine, 15).send, Spin(machine, 5).send, Effort(1, 60, 10), Random(1)))
    assert found.low > 5


async def test_nothing_is_not_seen_as_something(machine: Machine) -> None:
    found = interval(await differences(Spin(machine, 5).send, Spin(machine, 5).send, Effort(1, 60, 10), Random(1)))
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


async def test_the_collector_stays_as_it_was(machine: Machine) -> None:
    gc.disable()
    try:
        assert len(await durations(Spin(machine, 1).send, Effort(1, 3, 1))) == 3
        assert not gc.isenabled()
    finally:
        gc.enable()
