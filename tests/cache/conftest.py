"""A clock that is moved by hand, and a store that several shelves share."""

from __future__ import annotations

import pytest

from buckler.cache.data import Memos
from buckler.core.clock import HandClock
from buckler.stores.memory import Memory
from tests.cache.sources import CLOCK
from tests.stores.patience import be_patient


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests that are not about a server that stands still."""
    be_patient(monkeypatch)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def behind(clock: HandClock) -> Memory:
    return Memory(clock=clock)


@pytest.fixture(params=["alone", "store"])
def cache(request: pytest.FixtureRequest) -> Memos:
    return Memos(None if request.param == "alone" else Memory(clock=CLOCK), clock=CLOCK)
