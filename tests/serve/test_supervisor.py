"""When a worker is taken for dead, and replaced: not because it stands still for a moment, and not because it only starts."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest
from uvicorn.config import Config

from buckler.serve import by_uvicorn
from tests.serve.test_run import workers

if TYPE_CHECKING:
    from tests.serve.conftest import Run

STALL_S = 8.0  # longer than uvicorn waits for a sign of life


on_uvicorn = pytest.mark.parametrize("running", ["uvicorn"], indirect=True)


@on_uvicorn
def test_who_stands_still_for_some_seconds_goes_on(running: Run) -> None:
    found = workers(running)
    for pid in found:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(STALL_S)
    for pid in found:
        os.kill(pid, signal.SIGCONT)
    assert workers(running) == found


@on_uvicorn
def test_who_has_ended_is_replaced(running: Run) -> None:
    found = workers(running)
    for pid in found:
        os.kill(pid, signal.SIGKILL)
    running.wait()
    assert not workers(running) & found
    assert running.stop() == 0


class Worker:
    """As much of uvicorn's as is asked. No real one is mute for half a minute only because a test wants it so."""

    def __init__(self) -> None:
        self.process, self.says_something, self.is_there = self, True, True

    def is_alive(self, timeout_s: float | None = None) -> bool:
        return self.is_there if timeout_s is None else self.is_there and self.says_something


@pytest.fixture
def supervisor(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    return by_uvicorn.Supervisor(Config("shop:app", workers=1), [])


def test_who_is_mute_for_half_a_minute_is_lost(supervisor: Any) -> None:
    worker = Worker()
    assert not supervisor._is_lost(worker, 0.0)
    worker.says_something = False
    assert not supervisor._is_lost(worker, by_uvicorn._MUTE_S)
    assert supervisor._is_lost(worker, by_uvicorn._MUTE_S + 1)


def test_who_has_not_said_anything_yet_has_half_a_minute_too(supervisor: Any) -> None:
    worker = Worker()
    worker.says_something = False
    assert not supervisor._is_lost(worker, 1000.0)
    assert not supervisor._is_lost(worker, 1000.0 + by_uvicorn._MUTE_S)
    worker.is_there = False
    assert supervisor._is_lost(worker, 1000.0)
