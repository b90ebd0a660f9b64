"""`deadline`: its settings. What it does is tested in `tests/guard`, where the clock is watched."""

from __future__ import annotations

from typing import Any

import pytest

from buckler.core.marks import marks_of
from buckler.errors import ConfigError
from buckler.protections.deadline import Deadline, time_limit
from tests.requests import site_of


def test_it_only_hands_numbers_to_the_guard() -> None:
    steps = Deadline(handler_s=3, body_s=2, min_body_bytes_per_s=1).steps(site_of())
    assert steps.limits is not None
    assert (steps.check, steps.limits.handler_s, steps.limits.body_s, steps.limits.min_body_bytes_per_s) == (None, 3, 2, 1)


def test_the_mark_carries_seconds() -> None:
    @time_limit(handler_s=90)
    async def slow() -> None: ...

    assert marks_of(slow) == {"deadline": 90.0}


@pytest.mark.parametrize("name", ["handler_s", "body_s", "min_body_bytes_per_s"])
@pytest.mark.parametrize("value", [0, -1, True, "1"])
def test_settings_that_cannot_work(name: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=name):
        Deadline(**{name: value})
