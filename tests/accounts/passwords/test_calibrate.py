"""The search for a profile, on machines whose speed is known: milliseconds by arithmetic, not by a clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.accounts.passwords import CHEAPEST_FOR_TESTS, OWASP_2025, Profile
from buckler.accounts.passwords.calibrate import Tried, calibrate, measured

if TYPE_CHECKING:
    from collections.abc import Callable

MIB = 1024


def machine(mib_a_ms: float, start_ms: float = 0.0) -> Callable[[Profile], float]:
    """A machine that writes so many MiB in a millisecond, after `start_ms`."""
    return lambda profile: start_ms + profile.written_kib / MIB / mib_a_ms


@pytest.mark.parametrize(
    ("target_ms", "memory_mib", "mib_a_ms", "found"),
    [
        (100, 64, 2.0, Profile(3, 64 * MIB, 1)),  # the time is enough for all the memory, three times
        (31, 64, 2.0, Profile(3, 19 * MIB, 1)),  # not for 64 MiB once, nor for 32 MiB twice, which is the least there
        (21, 64, 2.0, OWASP_2025),  # 19 MiB rather than 16
        (5, 64, 2.0, OWASP_2025),  # never less than the minimum
        (1000, 19, 2.0, Profile(105, 19 * MIB, 1)),
        (500, 2048, 10.0, Profile(2, 2048 * MIB, 1)),
    ],
)
def test_memory_first_then_passes(target_ms: float, memory_mib: int, mib_a_ms: float, found: Profile) -> None:
    assert calibrate(target_ms, memory_mib * MIB, 1, machine(mib_a_ms)).profile == found


def test_a_guess_that_is_too_slow_is_taken_back() -> None:
    """Every pass takes longer than the one before it: the first look promises too much."""
    found = calibrate(100, 64 * MIB, 2, lambda profile: profile.passes**1.5 * 10)
    assert found == Tried(Profile(4, 64 * MIB, 2), 80.0)


def test_when_every_other_guess_is_too_slow_the_first_one_stands() -> None:
    found = calibrate(100, 64 * MIB, 1, lambda profile: 40 if profile.passes == 1 else 101)
    assert found == Tried(Profile(1, 64 * MIB, 1), 40)


@given(
    target_ms=st.floats(1, 2000),
    memory_mib=st.integers(19, 4096),
    lanes=st.integers(1, 16),
    mib_a_ms=st.floats(0.05, 50),
    start_ms=st.floats(0, 5),
)
def test_never_under_the_minimum_never_over_the_limits(
    target_ms: float, memory_mib: int, lanes: int, mib_a_ms: float, start_ms: float
) -> None:
    found = calibrate(target_ms, memory_mib * MIB, lanes, machine(mib_a_ms, start_ms))
    assert found.profile.is_enough
    assert found.profile.memory_kib <= memory_mib * MIB
    assert found.profile.lanes == lanes
    assert found.ms <= target_ms or found.profile[:2] == OWASP_2025[:2]


@pytest.mark.parametrize("at_once", [1, 3])
def test_a_real_hash_takes_some_time(at_once: int) -> None:
    assert measured(CHEAPEST_FOR_TESTS, at_once) > 0
