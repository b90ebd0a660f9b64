"""Space-Saving: the bounds hold for every stream, also for one that an attacker has written."""

from __future__ import annotations

import random
import tracemalloc
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.errors import ConfigError
from buckler.protections.bans.heavy import Heavy, SpaceSaving

# A step: count a key with a weight, or (None) let everything fade by half. Halves are exact in floating point, so the bounds are too.
STEPS = st.lists(st.one_of(st.tuples(st.integers(0, 30), st.integers(1, 9)), st.none()), max_size=300)


def _played(steps: list[tuple[int, int] | None], counters: int) -> tuple[SpaceSaving, Counter[str]]:
    sketch, truth = SpaceSaving(counters), Counter[str]()
    for step in steps:
        if step is None:
            sketch.fade(0.5)
            for key in truth:
                truth[key] /= 2  # type: ignore[assignment]  # a faded count is no whole number
        else:
            sketch.add(str(step[0]), float(step[1]))
            truth[str(step[0])] += step[1]
    return sketch, truth


@given(STEPS, st.integers(1, 12))
def test_what_is_said_holds_for_every_key(steps: list[tuple[int, int] | None], counters: int) -> None:
    sketch, truth = _played(steps, counters)
    assert sketch.total == sum(truth.values())
    assert len(sketch) <= counters
    for key in map(str, range(31)):
        found = sketch.weighed(key)
        assert found.at_least <= truth[key] <= found.at_most
        assert found.at_most - found.at_least <= sketch.total / counters


@given(STEPS, st.integers(1, 12))
def test_every_heavy_hitter_is_found(steps: list[tuple[int, int] | None], counters: int) -> None:
    sketch, truth = _played(steps, counters)
    found = {heavy.key for heavy in sketch.heaviest(counters)}
    assert {key for key, weight in truth.items() if weight > sketch.total / counters} <= found


def test_with_enough_counters_it_is_exact() -> None:
    sketch, truth = _played([(number % 7, 1) for number in range(100)], 7)
    assert sketch.heaviest(7) == [Heavy(key, truth[key], truth[key]) for key in sorted(truth, key=lambda key: (-truth[key], key))]
    assert sketch.weighed("nobody") == Heavy("nobody", 0, 100 // 7)  # one of them, at most
    assert SpaceSaving(8).weighed("nobody") == Heavy("nobody", 0, 0)


def test_a_flood_of_new_names_hides_nobody() -> None:
    """What a botnet would try: one client sends a hundredth of all, and between its requests everybody is somebody new."""
    sketch = SpaceSaving(200)
    for number in range(20_000):
        sketch.add("heavy" if number % 100 == 0 else f"new {number}")
    assert "heavy" in {heavy.key for heavy in sketch.heaviest(200)}
    found = sketch.weighed("heavy")
    assert found.at_least <= 200 <= found.at_most
    assert sketch.heaviest(1)[0].key == "heavy"  # newcomers inherit what may be another's, and are not taken for heavy


def test_memory_is_bounded() -> None:
    sketch = SpaceSaving(500)
    chance = random.Random(7)
    tracemalloc.start()
    try:
        peaks = []
        for _ in range(4):
            for _ in range(20_000):
                sketch.add(f"{chance.randrange(10**9)}")
            peaks.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()
    assert peaks[-1] < peaks[0] * 1.1
    assert peaks[-1] < 512 * 1024


def test_what_has_faded_to_nothing_is_gone() -> None:
    sketch, _ = _played([(1, 9)], 3)
    sketch.fade(0.0)
    assert (len(sketch), sketch.total, sketch.heaviest()) == (0, 0, [])


def test_what_cannot_work() -> None:
    with pytest.raises(ConfigError):
        SpaceSaving(0)
    with pytest.raises(ConfigError):
        SpaceSaving(1).fade(2)
