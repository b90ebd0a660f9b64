"""When a loop that is late has a queue."""

from __future__ import annotations

import pytest

from buckler.protections.overload.lag import Lag


def looked(lag: Lag, late_s: float, times: int = 1, ended: int = 3) -> bool:
    for _ in range(times):
        lag.look(lag.due_s + late_s, ended)
    return lag.strained


def made() -> Lag:
    lag = Lag(0.005, 0.015)
    lag.begin(100.0)
    return lag


def test_on_time() -> None:
    lag = made()
    assert not looked(lag, 0.001, 100)
    assert lag.allowed_s == 0.005
    assert lag.standing_s == pytest.approx(0.2)


def test_a_handler_that_blocks_is_no_queue() -> None:
    lag = made()
    assert not looked(lag, 3.0, 1, ended=1)
    assert not looked(lag, 0.001)
    for _ in range(20):
        assert not looked(lag, 0.5, 2, ended=1)
        assert not looked(lag, 0.0)


def test_a_delay_that_stands_is_one() -> None:
    lag = made()
    assert not looked(lag, 0.05, 3, ended=30)
    assert looked(lag, 0.05, 2, ended=30)
    assert lag.standing_s == lag.allowed_s < 0.05
    assert lag.every_s < 0.005, "from now on every turn is looked at"


def test_it_is_over_when_it_has_been_on_time_for_as_long() -> None:
    lag = made()
    assert looked(lag, 0.02, 30)
    for _ in range(10):
        assert looked(lag, 0.0, 50), "a few short turns are no calm"
        assert looked(lag, 0.02)
    assert not looked(lag, 0.0, 300)
    assert lag.every_s == 0.005


def test_it_is_not_over_while_anybody_is_turned_away() -> None:
    lag = made()
    assert not lag.is_too_late(lag.due_s + 1, 1), "without a queue nobody comes too late"
    assert looked(lag, 0.02, 30)
    assert not lag.is_too_late(lag.due_s + lag.allowed_s * 1.5, 2)
    assert lag.is_too_late(lag.due_s + lag.allowed_s * 1.5, 1)
    assert looked(lag, 0.0, 800)
    assert not looked(lag, 0.0, 300)


def test_what_is_late_depends_on_how_long_requests_are() -> None:
    lag = made()
    assert not looked(lag, 0.03, 40, ended=1)
    assert lag.allowed_s == pytest.approx(0.07, rel=0.02)
    looked(lag, 0.03, 40, ended=0)
    assert lag.allowed_s == pytest.approx(0.07, rel=0.02), "a turn that answered nobody says nothing of how long an answer takes"
    looked(lag, 0.3, 40, ended=1)
    assert lag.allowed_s == 0.25, "whatever keeps the loop for itself, this is enough"
    looked(lag, 0.03, 60, ended=30)
    assert lag.allowed_s == 0.005


def test_what_nobody_feels_is_no_queue() -> None:
    """Thirty clients that ask again as soon as they are answered make every turn of the loop some milliseconds long."""
    lag = Lag(0.005, 0.1)
    lag.begin(100.0)
    assert not looked(lag, 0.05, 100, ended=30)
    assert not looked(lag, 0.12, 1, ended=30)
    assert looked(lag, 0.12, 1, ended=30), "one that answers many is no single handler that blocks"
    assert looked(lag, 0.01), "and from then on less is allowed"


def test_begun_anew() -> None:
    lag = made()
    assert looked(lag, 0.05, 10)
    lag.begin(500.0)
    assert not lag.strained
    assert lag.due_s == pytest.approx(500.005)
