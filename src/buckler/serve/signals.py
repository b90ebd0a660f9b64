"""SIGINT and SIGTERM before the server listens to them: a start that is interrupted ends as quietly as a server that is stopped.

A terminal sends Ctrl-C to the parent and to the workers that have only just been started. The parent's is enough: it ends its workers
in order. So they are started with SIGINT blocked, which a process inherits, and hear it again once they have left the terminal's group.
"""

from __future__ import annotations

import signal
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator

_ENDS = (signal.SIGINT, signal.SIGTERM)
_told: list[int] = []  # signals that have come; what their handler raised may have been lost


class Stopped(SystemExit):
    """Raised in the main thread by the first signal. No error: the exit code is 0. What is half done is left by its `finally`."""


def stop_on_signals() -> None:
    """Until the server puts its own handlers there. A second signal ends the process where it stands."""
    _told.clear()
    for number in _ENDS:
        signal.signal(number, _stop)


def stop_if_told() -> None:
    """Raise `Stopped` where it was lost: Python drops what a handler raises within a `__del__` or the callback of a weak reference, and
    every import has some of those. To be called when the server's own handlers are there, or as late as can be."""
    if _told:
        raise Stopped(0)


def _stop(number: int, _frame: Any) -> NoReturn:
    _told.append(number)
    for each in _ENDS:
        signal.signal(each, signal.SIG_DFL)
    raise Stopped(0)


@contextmanager
def deaf_children() -> Iterator[None]:
    """What is started inside does not hear SIGINT until it calls `hear`. This process hears it a moment later."""
    resource_tracker.ensure_running()  # its own start would unblock SIGINT
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def hear() -> None:
    """Forget the SIGINT that has come meanwhile, and hear the next one."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # POSIX: to ignore a signal drops the pending one
    signal.signal(signal.SIGINT, before)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


@contextmanager
def ends_at_once() -> Iterator[None]:
    """SIGTERM ends the process here and now: uvicorn would wait until the application is imported, only to end it again."""
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGTERM, before)
