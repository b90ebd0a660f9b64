"""Starts Conduit as its users do: a real server in a process of its own, on a port that it finds, in a temporary folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent.parent
START_S = 120
STOP_S = 60
_RUNS = re.compile(r"Uvicorn running on (http://\S+)")


@contextmanager
def serving(folder: Path, app: str = "examples.conduit:app", **environment: str) -> Iterator[str]:
    """Serve Conduit from `folder` with more `environment`; yield its address. Ends it by SIGTERM, and says so if it did not end well."""
    log = folder / "server.log"
    command = [sys.executable, "-W", "error", "-m", "uvicorn", app, "--port", "0", "--no-access-log"]
    own = {key: value for key, value in os.environ.items() if not key.startswith(("CONDUIT_", "COVERAGE_"))}
    with log.open("w") as file:
        server = subprocess.Popen(
            command, cwd=ROOT, stderr=file, stdout=file, env={**own, "PYTHONPATH": "src", "CONDUIT_FOLDER": str(folder), **environment}
        )
        try:
            yield _address(server, log)
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


def _address(server: subprocess.Popen[bytes], log: Path) -> str:
    """Wait until it listens. It finds its port itself: one that was free a moment ago may be somebody else's by now."""
    until = time.monotonic() + START_S
    while time.monotonic() < until and server.poll() is None:
        found = _RUNS.search(log.read_text())
        if found:
            return found[1]
        time.sleep(0.05)
    raise AssertionError(f"the server did not start:\n{log.read_text()}")
