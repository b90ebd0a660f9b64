"""The load: wrk on its own core, and what it says read into numbers."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

from bench.servers import pinned

if TYPE_CHECKING:
    from collections.abc import Sequence

CONNECTIONS = 32
_UNITS_US = {"us": 1.0, "ms": 1e3, "s": 1e6, "m": 60e6}
_LATENCY = re.compile(r"^\s+(50|75|90|99)%\s+([0-9.]+)(us|ms|s|m) *$", re.MULTILINE)  # "1.50s "
_REQUESTS = re.compile(r"^\s+(\d+) requests in ([0-9.]+)(us|ms|s|m)", re.MULTILINE)
_NOT_OK = re.compile(r"Non-2xx or 3xx responses: (\d+)")
_ERRORS = re.compile(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)")


class LoadFailedError(Exception):
    """wrk did not hear what it must hear, so its numbers say nothing."""


def wrk(port: int, seconds: float, request: Sequence[tuple[str, str]], status: int) -> dict[str, float]:
    """Return requests a second and latencies in µs. Raises `LoadFailedError` when any answer was not the one that is measured."""
    return read(loaded(port, seconds, request), refused=status >= 400)


def loaded(port: int, seconds: float, request: Sequence[tuple[str, str]]) -> str:
    """Load the server, and return what wrk says of it. Alone, it warms a server: nothing is judged."""
    words = [*pinned(1), "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", "--latency"]
    for name, value in request:
        words += ["-H", f"{name}: {value}"]
    return subprocess.run([*words, f"http://127.0.0.1:{port}/"], capture_output=True, text=True, check=True).stdout


def read(text: str, *, refused: bool) -> dict[str, float]:
    """Read wrk's report."""
    found = _REQUESTS.search(text)
    if found is None or not int(found[1]):
        raise LoadFailedError("no answers")
    requests = int(found[1])
    not_ok = sum(int(number) for number in _NOT_OK.findall(text))
    errors = [int(number) for found in _ERRORS.findall(text) for number in found]
    if any(errors) or not_ok != (requests if refused else 0):
        raise LoadFailedError(f"{not_ok} of {requests} answers were not 2xx, socket errors {errors}")
    latencies = {f"p{name}_us": float(number) * _UNITS_US[unit] for name, number, unit in _LATENCY.findall(text)}
    return {"rps": requests / (float(found[2]) * _UNITS_US[found[3]] / 1e6), "requests": requests, **latencies}


def missing() -> str:
    """Return what to do when wrk is missing, or ""."""
    return "" if shutil.which("wrk") else "wrk is not installed: `apt-get install wrk` or `brew install wrk`"
