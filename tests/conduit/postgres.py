"""A PostgreSQL server of the tests' own: in a temporary folder, on a free port of the loopback, without durability."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.conduit.server import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

START_S = 30
# Nothing that survives a crash is needed here.
_QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


def binaries() -> Path | None:
    """Return the folder of `initdb` and `postgres`, the newest version first; None when PostgreSQL is not installed."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()), None)


@contextmanager
def postgres(programs: Path) -> Iterator[str]:
    """Run a server; yield the address of its database as SQLAlchemy writes it. PostgreSQL refuses root, so root becomes `postgres`."""
    folder, port = Path(tempfile.mkdtemp(prefix="conduit-pg-")), free_port()
    person: dict[str, Any] = {}
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
        person = {"user": "postgres", "group": "postgres", "extra_groups": []}
    try:
        init: Sequence[str | Path] = [
            programs / "initdb",
            "-D",
            folder / "data",
            "-U",
            "conduit",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
            "--locale=C",
        ]
        subprocess.run(init, check=True, capture_output=True, cwd=folder, **person)
        settings = [part for setting in _QUICK for part in ("-c", setting)]
        command: Sequence[str | Path] = [
            programs / "postgres",
            "-D",
            folder / "data",
            "-p",
            str(port),
            "-k",
            folder,
            "-h",
            "127.0.0.1",
            *settings,
        ]
        with (folder / "log").open("w") as log:
            server = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, **person)
        try:
            _until_ready(programs, port, folder)
            yield f"postgresql+asyncpg://conduit@127.0.0.1:{port}/postgres"
        finally:
            server.send_signal(signal.SIGINT)  # "fast": ends connections, then itself
            server.wait(START_S)
    finally:
        shutil.rmtree(folder)


def _until_ready(programs: Path, port: int, folder: Path) -> None:
    until = time.monotonic() + START_S
    while subprocess.run([programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)], check=False).returncode:
        assert time.monotonic() < until, (folder / "log").read_text()
        time.sleep(0.05)
