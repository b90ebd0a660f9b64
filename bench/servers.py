"""Starts one server with one worker on one core, and stops it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bench.environment import made

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.rows import Row

ROOT = Path(__file__).resolve().parents[1]
_START_S = 30.0
_STOP_S = 10.0
_POLL_S = 0.02


class Server(NamedTuple):
    """A running server: its port, and the process group of all its processes."""

    port: int
    group: int


class ServerFailedError(Exception):
    """A server did not start; the message ends with what it printed."""


def pinned(core: int) -> list[str]:
    """Return the words that keep a command on one core; none where the system cannot (the results then say so)."""
    return ["taskset", "-c", str(core)] if can_pin() else []


def can_pin() -> bool:
    return shutil.which("taskset") is not None and (os.cpu_count() or 1) > 1


def command(server: str, row: Row, port: int) -> list[str]:
    """Return the command line. Every row of a server gets the same one."""
    target = f"bench.peers.{row.app}:app"
    if server == "uvicorn" and not row.wsgi:
        options = (
            "--interface asgi3 --http httptools --loop uvloop --no-access-log --no-proxy-headers --no-server-header --log-level warning"
        )
        return ["uvicorn", target, "--host", "127.0.0.1", "--port", str(port), *options.split()]
    if server == "uvicorn":  # uvicorn speaks no WSGI of its own: its column shows gunicorn, on threads, for keep-alive
        options = f"--workers 1 --worker-class gthread --threads {row.threads} --keep-alive 75 --log-level warning"
        return ["gunicorn", target, "--bind", f"127.0.0.1:{port}", *options.split()]
    options = "--workers 1 --runtime-threads 1 --loop uvloop --http 1 --no-ws --no-access-log --log-level warning"
    options += " --interface wsgi --blocking-threads 1" if row.wsgi else " --interface asgi"
    return ["granian", target, "--host", "127.0.0.1", "--port", str(port), *options.split()]


@contextmanager
def serving(server: str, row: Row, **environment: str) -> Iterator[Server]:
    """Start `row` on `server`, give where it runs, and stop it."""
    port = _free_port()
    log = ROOT / ".cache" / "bench" / f"{server}-{row.key}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    path = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    variables = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", **environment}
    python = made(row.environment) if row.environment else sys.executable
    words = [*pinned(0), python, "-m", *command(server, row, port)]
    with log.open("wb") as printed:
        process = subprocess.Popen(words, cwd=ROOT, env=variables, stdout=printed, stderr=printed, start_new_session=True)
        try:
            _wait(process, port, log)
            yield Server(port, process.pid)
        finally:
            _stop(process)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    ends_s = time.monotonic() + _START_S
    while time.monotonic() < ends_s:
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(_POLL_S)
        else:
            return
    raise ServerFailedError(f"does not start:\n{log.read_text(errors='replace')[-2000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server and its worker: they are a process group of their own."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
            process.wait(_STOP_S)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def _free_port() -> int:
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        return int(chosen.getsockname()[1])
