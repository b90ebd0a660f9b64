"""One real server for tests: a process group of its own, in a temporary folder, on a loopback port that it keeps when it starts again."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

HOST = "127.0.0.1"
START_S = 180  # four workers of a site that start on a busy machine take a minute
STOP_S = 60
ASK_S = 30  # for one answer: a server, or the machine, may stand still for some seconds
_TRIES = 5
# Below those that outgoing connections get, so that a server finds its port free when it starts again; above 10,080, which browsers refuse.
_PORTS = (10_100, 30_000)


def free_port() -> int:
    """Return a port that nobody listens on now."""
    for _ in range(1000):
        port = random.SystemRandom().randrange(*_PORTS)
        with socket.socket() as tried:
            try:
                tried.bind((HOST, port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port")


def installed(program: str, package: str) -> str:
    """Return the path of `program`; a test that needs it fails without it."""
    found = shutil.which(program)
    if found is None:
        pytest.fail(f"{program} is not installed; on Debian: apt-get install -y --no-install-recommends {package}", pytrace=False)
    return found


class Lent(ABC):
    """What `with` starts, and closes in any case."""

    @abstractmethod
    def start(self) -> Self:
        """Start what does not run."""

    @abstractmethod
    def close(self) -> None:
        """End it and leave nothing."""

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *failure: object) -> None:
        self.close()


class Program(Lent):
    """A server that can be stopped, started again with what it has kept, stalled, and killed. `close` (or `with`) removes everything."""

    ending = signal.SIGTERM
    user: str | None = None  # who runs it, when the tests run as root

    def __init__(self, name: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"buckler-{name}-"))
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._settled = False  # whether it has answered on its port
        self._person: dict[str, Any] = {}
        if self.user is not None and os.geteuid() == 0:
            shutil.chown(self.folder, self.user, self.user)
            self._person = {"user": self.user, "group": self.user, "extra_groups": []}

    def command(self) -> Sequence[str]:
        """Return the program and its arguments."""
        raise AssertionError(type(self))

    def ready(self) -> bool:
        """Whether it answers now; `OSError` says no too."""
        raise AssertionError(type(self))

    @property
    def address(self) -> tuple[str, int]:
        return HOST, self.port

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    @property
    def pid(self) -> int:
        assert self._process is not None, "it does not run"
        return self._process.pid

    def start(self) -> Self:
        """Start it and wait until it answers. What it has written to its folder, it has again."""
        for _ in range(_TRIES):
            self._launch()
            try:
                self.until(self.ready)
            except AssertionError:
                self.kill()
                if self._settled or "Address already in use" not in self.log.read_text():
                    raise
                self.move()  # another run of tests was quicker
            else:
                self._settled = True
                return self
        raise AssertionError(f"no port was free {_TRIES} times")

    def move(self) -> None:
        """Choose another port, before anybody knows the first."""
        self.port = free_port()
        self.log.unlink()

    def _launch(self) -> None:
        assert self._process is None, "it runs already"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, start_new_session=True, **self._person
            )

    def until(self, true: Any) -> None:
        """Wait until `true()`, while the server lives."""
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            if self._process is not None and self._process.poll() is not None:
                break
            try:
                if true():
                    return
            except (OSError, EOFError):  # EOFError: somebody else's, on a port that was taken meanwhile
                pass
            time.sleep(0.01)
        raise AssertionError(f"{' '.join(self.command())} is not as it should be:\n{self.log.read_text()}")

    def stop(self) -> None:
        """End it as its operator does, and wait for that. One that has ended already stays so."""
        if self._process is None:
            return
        self.resume()
        self._process.send_signal(self.ending)
        try:
            self._process.wait(STOP_S)
        finally:
            self.kill()

    def kill(self) -> None:
        """End it and all its children at once, as a crash does."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Stall it: connections stay open, and nothing is answered. All its threads stand still when this returns."""
        self._signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def close(self) -> None:
        """End it and remove its folder."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            try:
                os.killpg(self._process.pid, number)
            except ProcessLookupError:
                return  # it has ended by itself
