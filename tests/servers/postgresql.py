"""PostgreSQL. It refuses to be run by root, so root becomes `postgres`."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.servers.program import HOST, STOP_S, Program

if TYPE_CHECKING:
    from collections.abc import Sequence

# Nothing that survives a crash of the machine is needed here; what is committed survives a crash of the server, as it must.
_QUICK = ("fsync=off", "full_page_writes=off")


def binaries() -> Path:
    """Return the folder of `initdb` and `postgres`, the newest version first; a test that needs it fails without it."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    pytest.fail("PostgreSQL is not installed; on Debian: apt-get install -y --no-install-recommends postgresql", pytrace=False)


class PostgresqlServer(Program):
    """One server without durability against a crash of the machine; `more` are settings, as "work_mem=1MB"."""

    ending = signal.SIGINT  # "fast": ends connections, then itself
    user = "postgres"
    person = "buckler"

    def __init__(self, *more: str) -> None:
        self._programs = binaries()
        super().__init__("postgresql")
        self._settings = [part for setting in (*_QUICK, *more) for part in ("-c", setting)]
        self._numbers = count(1)
        options = ["-U", self.person, "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C"]
        self._run("initdb", "-D", str(self.folder / "data"), *options)

    def command(self) -> Sequence[str]:
        place = ["-D", str(self.folder / "data"), "-p", str(self.port), "-k", str(self.folder), "-h", HOST]
        return [str(self._programs / "postgres"), *place, *self._settings]

    def ready(self) -> bool:
        told = (self.folder / "data" / "postmaster.pid").read_text().split("\n")
        return told[0] == str(self.pid) and len(told) > 7 and told[7].strip() == "ready"

    def new_database(self) -> str:
        """Make an empty database and return its name."""
        name = f"test_{next(self._numbers)}"
        self.sql(f"CREATE DATABASE {name}")
        return name

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run one statement and return what it printed, past every client library."""
        asked = ["-h", HOST, "-p", str(self.port), "-U", self.person, "-d", database, "-qAtX", "-v", "ON_ERROR_STOP=1", "-c", statement]
        return self._run("psql", *asked)

    def url(self, database: str = "postgres", scheme: str = "postgresql") -> str:
        """Return the address of `database`; SQLAlchemy wants "postgresql+asyncpg" as the `scheme`."""
        return f"{scheme}://{self.person}@{HOST}:{self.port}/{database}"

    def pause(self) -> None:
        super().pause()  # from now on it makes no more processes
        self._tell(self._children(), signal.SIGSTOP)
        self._until_all(self._children(), "TtZX")

    def kill(self) -> None:
        """As a crash does. All have ended when this returns: one that still held its shared memory would keep the next from starting."""
        others: list[int] = []
        if self._process is not None and self._process.poll() is None:
            self.pause()
            others = self._children()
            self._tell(others, signal.SIGKILL)
        super().kill()
        self._until_all(others, "ZX")

    def _signal(self, number: signal.Signals) -> None:
        """Each of its processes leads a session of its own, so that a signal to the first one's group reaches none of the others."""
        if self._process is None:
            return
        super()._signal(number)
        self._tell(self._children(), number)

    def _tell(self, pids: Sequence[int], number: signal.Signals) -> None:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _until_all(self, pids: Sequence[int], states: str) -> None:
        """Wait until each of `pids` is in one of `states`, or gone."""
        until = time.monotonic() + STOP_S
        while any(_state(pid) not in states for pid in pids):
            assert time.monotonic() < until, "a process of its does not hear its signal"
            time.sleep(0.002)

    def _children(self) -> list[int]:
        try:
            return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]
        except OSError:  # it has ended
            return []

    def _run(self, program: str, *arguments: str) -> str:
        run = subprocess.run([str(self._programs / program), *arguments], check=False, capture_output=True, cwd=self.folder, **self._person)
        assert run.returncode == 0, run.stderr.decode()
        told: str = run.stdout.decode().strip()
        return told


def _state(pid: int) -> str:
    """Return the letter that the kernel has for it; X where it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"
