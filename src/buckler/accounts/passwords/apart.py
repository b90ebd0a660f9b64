"""Processes that hash, and the pipes to them.

Threads of the server would do: argon2 lets go of the interpreter's lock. But it takes the lock again when it is done, in a thread that has
to stand back, and while that thread waits for its turn behind the lanes of the next hash, the event loop waits for the lock.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from subprocess import PIPE
from threading import Lock
from typing import IO, TYPE_CHECKING, Any, cast
from weakref import finalize

from buckler.accounts.passwords import child
from buckler.accounts.passwords.work import written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from buckler.accounts.passwords.work import Job

_NOTHING = b"null"  # what it says itself when there is no memory


class NoProcessError(Exception):
    """None can be had here: the system forbids it, or `sys.executable` is no Python, as where a server has Python inside."""


class Apart:
    """`count` processes for as many threads. All start with the first work: not in the flood that needs the second."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._idle: SimpleQueue[_Process] = SimpleQueue()
        self._lock = Lock()
        self._has_begun = self._has_worked = False

    def do(self, job: Job) -> Any:
        """Return what `job.do()` would, in one of the threads. Raises `NoProcessError`, and MemoryError when there is none."""
        process = self._one()
        try:
            if not process.is_there():  # somebody has killed it: the system, when memory was short
                process.end()
                process = _Process()
            found = process.do(job)
        except NoProcessError as failure:
            if self._has_worked:  # not here, only not at this moment
                raise MemoryError from failure
            raise
        finally:
            self._idle.put(process)
        self._has_worked = True
        return found

    def _one(self) -> _Process:
        with self._lock:
            if not self._has_begun:
                for _ in range(self._count):
                    self._idle.put(_Process())
                self._has_begun = True
        return self._idle.get()

    def close(self) -> None:
        """End them. No thread is at work any more."""
        while not self._idle.empty():
            self._idle.get().end()


class _Process:
    """One process, and the pipes to it. Raises `NoProcessError`, at the latest when it is asked for the first time."""

    def __init__(self) -> None:
        if getattr(sys, "frozen", False):
            raise NoProcessError(f"{sys.executable} is the application itself")
        command = [sys.executable, "-I", child.__file__]
        try:
            with _deaf():
                self._running = subprocess.Popen(command, stdin=PIPE, stdout=PIPE, process_group=0)  # noqa: S603  # our own program
        except OSError as failure:
            raise NoProcessError(str(failure)) from failure
        self._tell, self._heard = cast("IO[bytes]", self._running.stdin), cast("IO[bytes]", self._running.stdout)
        self._is_ready = False
        self.end = finalize(self, _end, self._running)

    def is_there(self) -> bool:
        return self._running.poll() is None

    def do(self, job: Job) -> Any:
        if not self._is_ready and self._told(json.dumps(sys.path).encode() + b"\n") != child.READY:
            raise NoProcessError(f"{sys.executable} does not run {child.__file__}")
        self._is_ready = True
        answer = json.loads(self._told(written(job)) or _NOTHING)
        if answer is None:
            raise MemoryError
        return answer

    def _told(self, line: bytes) -> bytes:
        """Write a line and return the next that it says, empty where it has ended: it was killed."""
        with suppress(BrokenPipeError):
            self._tell.write(line)
            self._tell.flush()
            if said := self._heard.readline():
                return said
        self.end()  # its pipes close a moment before it is seen to have ended
        return b""


@contextmanager
def _deaf() -> Iterator[None]:
    """What is started within hears nothing of the signals that systemd sends to everybody: who still waits for a hash is to get it. A
    child begins with the mask of the thread that starts it; if it had to ignore them itself, one could come before it does."""
    if sys.platform == "win32":  # which has no such signals
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end(running: subprocess.Popen[bytes]) -> None:
    """It has nothing to lose. What nobody has read of the pipes is dropped."""
    running.kill()
    running.wait()
    for pipe in (running.stdin, running.stdout):
        with suppress(BrokenPipeError):
            cast("IO[bytes]", pipe).close()
