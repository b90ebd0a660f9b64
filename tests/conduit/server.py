"""Starts Conduit as its users do: a real server in a process of its own, on a free port, in a temporary folder."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent.parent
START_S = 60
STOP_S = 20


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


@contextmanager
def serving(folder: Path, **environment: str) -> Iterator[str]:
    """Serve Conduit from `folder` with more `environment`; yield its address. Ends it by SIGTERM, and says so if it did not end well."""
    port, log = free_port(), folder / "server.log"
    command = [sys.executable, "-W", "error", "-m", "uvicorn", "examples.conduit:app", "--port", str(port), "--no-access-log"]
    own = {key: value for key, value in os.environ.items() if not key.startswith(("CONDUIT_", "COVERAGE_"))}
    with log.open("w") as file:
        server = subprocess.Popen(
            command, cwd=ROOT, stderr=file, stdout=file, env={**own, "PYTHONPATH": "src", "CONDUIT_FOLDER": str(folder), **environment}
        )
        try:
            _until_up(server, port, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            try:
                code = server.wait(STOP_S)
            except subprocess.TimeoutExpired:
                server.kill()
                code = server.wait()
    # uvicorn raises the signal anew when it has shut down cleanly.
    assert code in {0, -15}, log.read_text()
    assert "Traceback" not in log.read_text(), log.read_text()


def _until_up(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if server.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"the server did not start:\n{log.read_text()}")
