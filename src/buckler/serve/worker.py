"""What runs in a worker process before the first request: finds the application, and ends when the parent is gone."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Any

from buckler.serve.load import load
from buckler.serve.signals import ends_at_once, hear

APP = "BUCKLER_SERVE_APP"  # the environment carries the name, because workers are started afresh and not forked
PARENT = "BUCKLER_SERVE_PARENT"
_LOOK_S = 1.0


def make_app() -> Any:
    """Return the application that the parent named. Called by the server, once in each worker."""
    os.setpgid(0, 0)  # a terminal's Ctrl-C goes to the parent alone, which ends its workers in order: told twice, granian hangs
    hear()
    threading.Thread(target=_end_with, args=(int(os.environ[PARENT]),), name="orphan-watch", daemon=True).start()
    with ends_at_once():
        return load(os.environ[APP]).app


def _end_with(parent: int) -> None:
    """A parent that is killed can tell nobody; its workers would go on holding the port."""
    while os.getppid() == parent:
        time.sleep(_LOOK_S)
    os.kill(os.getpid(), signal.SIGTERM)
