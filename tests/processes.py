"""Processes that are to have ended."""

from __future__ import annotations

import os
import time


def gone(pids: set[int], limit_s: float = 60.0) -> bool:
    """Wait until none of `pids` is there."""
    ends_s = time.monotonic() + limit_s
    while time.monotonic() < ends_s and any(map(_is_alive, pids)):
        time.sleep(0.1)
    return not any(map(_is_alive, pids))


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
