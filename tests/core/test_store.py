"""Keys that cannot reach into each other, and the algorithm of all quotas."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.core.store import Take, Taken, gcra, key

NOW_S = 1_800_000_000.0


@given(st.lists(st.lists(st.text(), min_size=1, max_size=3), min_size=2, max_size=2, unique_by=tuple))
def test_different_parts_make_different_keys(parts: list[list[str]]) -> None:
    assert key("space", *parts[0]) != key("space", *parts[1])


def test_what_a_key_looks_like() -> None:
    assert key("a", "b") == "a:1:b"
    assert key("a", "b", "cd") == "a:1:b:2:cd"
    assert key("a") == "a"


@given(
    st.integers(1, 50),
    st.integers(1, 100_000),
    st.lists(st.tuples(st.floats(0, 1000), st.integers(1, 5)), max_size=200),
)
def test_no_more_than_a_burst_and_the_rate(limit: int, period_s: int, calls: list[tuple[float, int]]) -> None:
    """In whatever time, at most the burst and what the rate gives for that time is allowed."""
    due_s, now_s, spent = 0.0, NOW_S, 0
    for pause_s, cost in calls:
        now_s += pause_s
        due_s, taken = gcra(due_s, now_s, Take("k", limit, period_s, cost))
        spent += cost if taken.allowed else 0
        assert spent <= limit * (1 + (now_s - NOW_S) / period_s) + 1e-3  # of a call: the test's own roundings
        assert 0 <= taken.remaining <= limit
        assert 0 <= taken.reset_s <= period_s + limit * 2**-20  # what roundings may come to


@given(st.integers(1, 100), st.integers(1, 100_000), st.integers(1, 100))
def test_who_waits_as_told_is_let_in(limit: int, period_s: int, calls: int) -> None:
    take = Take("k", limit, period_s)
    due_s, now_s = 0.0, NOW_S
    for _ in range(limit + calls):
        due_s, taken = gcra(due_s, now_s, take)
        if not taken.allowed:
            now_s += taken.retry_s
            due_s, taken = gcra(due_s, now_s, take)
            assert taken.allowed


def test_a_burst_is_the_whole_limit_and_is_counted_down() -> None:
    take, due_s = Take("k", 5, 60), 0.0
    heard: list[Taken] = []
    for _ in range(6):
        due_s, taken = gcra(due_s, NOW_S, take)
        heard.append(taken)
    assert [taken.remaining for taken in heard] == [4, 3, 2, 1, 0, 0]
    assert [taken.reset_s for taken in heard] == [12, 24, 36, 48, 60, 60]
    assert [taken.allowed for taken in heard] == [True] * 5 + [False]
    assert all(earlier.remaining >= later.remaining for earlier, later in pairwise(heard))


CLOCKS_S = (NOW_S, 1_763_749_999.71, 1_800_000_000.123_456_7)


def _let_in(limit: int, period_s: int, now_s: float) -> int:
    """How many of a burst half as large again."""
    due_s, count = 0.0, 0
    for _ in range(limit + limit // 2 + 2):
        due_s, taken = gcra(due_s, now_s, Take("k", limit, period_s))
        count += taken.allowed
    return count


@pytest.mark.parametrize("now_s", CLOCKS_S)
@pytest.mark.parametrize(("limit", "period_s"), [(5, 1), (7, 60), (300, 3600), (600, 60), (1000, 86_400), (10_000, 60)])
def test_rounding_costs_nobody_a_call(limit: int, period_s: int, now_s: float) -> None:
    """Seconds since 1970 are a quarter of a microsecond apart. `5/second` is five calls, not four."""
    assert _let_in(limit, period_s, now_s) == limit


@pytest.mark.parametrize("now_s", CLOCKS_S)
@pytest.mark.parametrize(("limit", "period_s", "least"), [(100_000, 60, 0.999), (100_000, 10, 0.99), (1_000_000, 1, 0.6)])
def test_rounding_never_lets_anybody_in(limit: int, period_s: int, least: float, now_s: float) -> None:
    assert limit * least <= _let_in(limit, period_s, now_s) <= limit


@pytest.mark.parametrize(("limit", "period_s"), [(5, 1), (600, 60), (10_000, 60), (100_000, 10)])
def test_what_is_let_pass_is_not_let_pass_again(limit: int, period_s: int) -> None:
    """At three times the rate for as long as it takes, nobody gets more than the burst and what grows back."""
    for begin_s in CLOCKS_S:
        due_s, now_s, count = 0.0, begin_s, 0
        for _ in range(min(9 * limit, 60_000)):
            now_s += period_s / limit / 3
            due_s, taken = gcra(due_s, now_s, Take("k", limit, period_s))
            count += taken.allowed
        assert count <= limit * (1 + (now_s - begin_s) / period_s)


def test_a_cost_beyond_the_limit_is_never_allowed() -> None:
    due_s, taken = gcra(0.0, NOW_S, Take("k", 5, 60, cost=6))
    assert (due_s, taken.allowed, taken.remaining) == (0.0, False, 5)


def test_a_follower_is_not_allowed_and_takes_nothing() -> None:
    follower = Take("k", 5, 60, follows=True)
    assert gcra(0.0, NOW_S, follower, before=False) == (0.0, Taken(allowed=False, remaining=5, retry_s=0.0, reset_s=0.0))
    assert gcra(0.0, NOW_S, follower, before=True)[1].allowed
    assert gcra(0.0, NOW_S, Take("k", 5, 60), before=False)[1].allowed


@pytest.mark.parametrize("ahead_s", [61, 3600, 1e9])
def test_a_time_beyond_the_period_counts_as_an_empty_quota(ahead_s: float) -> None:
    due_s, taken = gcra(NOW_S + ahead_s, NOW_S, Take("k", 1, 60))
    assert not taken.allowed
    assert taken.retry_s == pytest.approx(60)
    assert gcra(due_s, NOW_S + 60, Take("k", 1, 60))[1].allowed
