"""A signal that comes where Python drops what its handler raises is not lost."""

from __future__ import annotations

import os
import signal
from contextlib import suppress

import pytest

from buckler.serve.signals import Stopped, stop_if_told, stop_on_signals


def test_a_stop_that_was_swallowed_is_told_again() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        stop_on_signals()
        stop_if_told()
        with suppress(Stopped):  # as in a `__del__`
            os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(Stopped):
            stop_if_told()
        stop_on_signals()
        stop_if_told()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
