"""How the limit moves: by what windows say, and only while it binds."""

from __future__ import annotations

import pytest

from buckler.protections.overload.gradient import Gradient


class Windows:
    """A gradient, and windows one after the other."""

    def __init__(self, *, least: int = 10, start: int = 100, most: int = 1000) -> None:
        self.gradient, self.now_s = Gradient(least=least, start=start, most=most), 0.0

    def window(self, mean_s: float, working: int, times: int = 1) -> float:
        for _ in range(times):
            self.now_s += 3.0
            assert self.gradient.look(self.now_s, working, [mean_s] * 20)
        return self.gradient.limit


def test_a_window_needs_time_and_answers() -> None:
    gradient = Gradient(least=1, start=10, most=100)
    assert not gradient.look(1.0, 10, [1.0] * 9)
    assert gradient.look(1.0, 10, [0.3] * 10)
    assert not gradient.look(1.25, 10, [0.3] * 10), "what the last window has changed cannot be seen before the mean time is over"
    assert gradient.look(1.31, 10, [0.3] * 10)


def test_it_stands_still_where_it_does_not_bind() -> None:
    windows = Windows()
    assert windows.window(0.02, 5, 20) == 100
    assert windows.window(0.2, 5, 5) == 100, "slow or not, a few at work say nothing of how many could be"


def test_it_grows_while_times_are_those_of_the_calm_and_ends_at_the_most() -> None:
    windows = Windows(most=150)
    windows.window(0.02, 5)
    assert windows.window(0.02, 90) == pytest.approx(112.5)
    assert windows.window(0.035, 90, 10) == 150


def test_it_goes_down_with_the_gradient_by_half_at_most_and_ends_at_the_least() -> None:
    windows = Windows(least=30)
    windows.window(0.02, 5)
    assert windows.window(0.05, 100) == pytest.approx(80)
    assert windows.window(2.0, 80) == pytest.approx(40)
    assert windows.window(2.0, 80, 2) == 30


def test_the_calm_time_follows_down_quickly_and_up_slowly() -> None:
    windows = Windows()
    windows.window(0.1, 5)
    assert windows.gradient.calm_s == pytest.approx(0.1)
    windows.window(0.02, 5, 30)
    assert windows.gradient.calm_s == pytest.approx(0.02, rel=0.05)
    windows.window(0.1, 5)
    assert windows.gradient.calm_s < 0.0212
    windows.window(0.1, 5, 400)
    assert windows.gradient.calm_s == pytest.approx(0.1)


def test_an_overload_that_lasts_does_not_teach_that_it_is_calm() -> None:
    """Where Gradient2 drifts: a queue that the limit allows is not taken for the normal time."""
    windows = Windows(start=50)
    windows.window(0.02, 5)
    for _ in range(600):
        windows.window(windows.gradient.limit / 500, int(windows.gradient.limit))  # 500 a second is what can be served
    assert windows.gradient.calm_s == pytest.approx(0.02)
    assert 15 < windows.gradient.limit < 25


def test_slow_with_the_least_at_work_is_no_queue_of_ours() -> None:
    windows = Windows(start=20)
    windows.window(0.02, 5)
    windows.window(0.3, 20, 4)
    assert windows.gradient.calm_s == pytest.approx(0.02)
    windows.window(0.3, 20, 4)
    assert windows.gradient.calm_s == pytest.approx(0.3)
    assert windows.window(0.3, 20, 2) > 10


def test_after_an_overload_there_is_room_again() -> None:
    windows = Windows()
    windows.window(0.02, 5)
    windows.window(0.2, 100, 5)
    assert windows.gradient.limit < 20
    assert windows.window(0.02, 3, 30) == 100


def test_answers_that_take_no_time_at_all() -> None:
    windows = Windows()
    assert windows.window(0.0, 90) > 100


def test_some_who_wait_for_long_are_no_queue_for_the_others() -> None:
    """Three clients, each with fifty requests to a page that waits for a second, must not shut everybody else out."""
    gradient = Gradient(least=10, start=200, most=1000)
    now_s = 0.0
    for _ in range(50):
        now_s += 0.2
        gradient.look(now_s, 5, [0.005] * 20)
    for _ in range(50):
        now_s += 2.0
        gradient.look(now_s, 150, [0.005] * 20 + [1.0] * 30)
    assert gradient.limit >= 200
    for _ in range(6):
        now_s += 2.0
        gradient.look(now_s, 1000, [1.0] * 50)
    assert gradient.limit < 100, "all of them are slow: a queue"


def test_of_thousands_some_are_sorted() -> None:
    """The fastest quarter is found among every so manyth: of a crowd that came in turns, in none of whose turns it could be missed."""
    gradient = Gradient(least=10, start=100, most=1000)
    gradient.look(1.0, 5, [0.001, 0.1, 0.1] * 2000)
    gradient.look(3.0, 100, [0.001, 0.9, 0.9] * 2000)
    assert gradient.limit > 100
    gradient.look(6.0, 100, [0.5] * 6000)
    assert gradient.limit < 100
