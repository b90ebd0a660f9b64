"""What a flood of sign-ins does to another page and to the memory of a server: calm first, then the flood, on one process of the server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from bench import resident
from bench.accounts.rows import FLOODS
from bench.servers import ROOT, ServerFailedError, pinned, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.accounts.rows import Flood
    from bench.progress import Progress
    from bench.servers import Server

CLIENTS, PER_SECOND = 200, 100  # of the latter, half for each page
_PEOPLE = 2000  # of each kind
_WARM_S = 1.0
_PERCENTILES = (50, 99)
_POLL_S = 0.2
_MOST_OF_THE_MACHINE = 0.7  # a server that takes more memory than this is stopped: the machine must live


class Pace(NamedTuple):
    """Rounds; in each the seconds of the calm, of the flood's beginning, and of the flood; and the seconds after all came at once."""

    rounds: int
    calm_s: float
    ramp_s: float
    flood_s: float
    once_s: float


FULL, QUICK = Pace(3, 3, 2, 6, 5), Pace(1, 1, 1, 2, 1)


class ClientFailedError(Exception):
    """The probe or the crowd did not end as it should."""


def steps(pace: Pace) -> int:
    return len(FLOODS) * (pace.rounds + 1)


def measure(pace: Pace, progress: Progress) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Return every row with one entry a round, in which the order turns, and what happened when all came at the same moment; and what is
    wrong with the rows that could not be measured."""
    found: dict[str, list[dict[str, Any]]] = {row.key: [] for row in FLOODS}
    failed: dict[str, str] = {}
    for count in range(pace.rounds + 1):
        for row in FLOODS if count % 2 == 0 else FLOODS[::-1]:
            progress.say(f"accounts · flood {count + 1}/{pace.rounds + 1} · {row.title}")
            if row.title not in failed:
                try:
                    found[row.key].append(_flood(row, pace) if count < pace.rounds else _at_once(row, pace))
                except (ServerFailedError, ClientFailedError) as problem:
                    failed[row.title] = str(problem)
            progress.step()
    whole = [row for row in FLOODS if row.title not in failed]
    return [{"key": row.key, "rounds": found[row.key][:-1], "once": found[row.key][-1]} for row in whole], failed


def _flood(row: Flood, pace: Pace) -> dict[str, Any]:
    with _warm(row) as running:
        calm = _heard(_probe(running, pace.calm_s))
        before_mib = resident.now_mib(running.group)
        resident.forget_peak(running.group)
        crowd = _crowd(row, running, pace.flood_s, pace.ramp_s)
        probe = _probe(running, pace.flood_s)
        stopped_mib = _watch(running, probe)
        flood, answers = _heard(probe), _heard(crowd)
        peak_mib = stopped_mib or resident.peak_mib(running.group)
    return {
        "calm_us": _percentiles(calm),
        "flood_us": _percentiles(flood),
        "answers": answers["statuses"],
        "sign_in_us": answers["median_us"],
        "before_mib": before_mib,
        "peak_mib": peak_mib,
        "stopped": stopped_mib is not None,
    }


def _at_once(row: Flood, pace: Pace) -> dict[str, Any]:
    """All clients try at the same moment, once: how long must somebody wait who looks at another page then, at worst?"""
    with _warm(row) as running:
        probe = _probe(running, pace.once_s + 1)
        crowd = _crowd(row, running, pace.once_s, 0)
        stopped_mib = _watch(running, probe)
        return {
            "worst_us": max(took[-1] for took in _heard(probe).values()),
            "answers": _heard(crowd)["statuses"],
            "stopped": stopped_mib is not None,
        }


@contextmanager
def _warm(row: Flood) -> Iterator[Server]:
    """Lend a server of the row that has answered for a while. It is ended at once: what it still has to hash is nobody's."""
    with tempfile.TemporaryDirectory(prefix="buckler-bench-") as folder:
        told = {"BENCH_DATABASE": folder, "BENCH_PEOPLE": str(_PEOPLE), "BENCH_LIMITS": row.limits}
        with serving("uvicorn", row.row, **told) as running:
            _heard(_probe(running, _WARM_S))
            yield running
            os.killpg(running.group, signal.SIGKILL)


def _probe(running: Server, seconds: float) -> subprocess.Popen[str]:
    return _started("probe", running.port, seconds, PER_SECOND)


def _crowd(row: Flood, running: Server, seconds: float, ramp_s: float) -> subprocess.Popen[str]:
    return _started("crowd", row.peer.key, running.port, seconds, CLIENTS, _PEOPLE, ramp_s)


def _started(module: str, *given: object) -> subprocess.Popen[str]:
    """Start one of the two clients beside the server's core, and wait for its first line. The crowd gives way to the probe, whose clock is
    the one that counts."""
    polite = ["nice", "-n", "5"] if module == "crowd" else []
    words = [*pinned(1), *polite, sys.executable, "-m", f"bench.accounts.{module}", *map(str, given)]
    path = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    process = subprocess.Popen(words, cwd=ROOT, env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE, text=True)
    if process.stdout is None or not process.stdout.readline():
        raise ClientFailedError(f"a client has failed: {words!r}")
    return process


def _watch(running: Server, probe: subprocess.Popen[str]) -> float | None:
    """Wait for the probe; return the MiB at which the server had to be stopped because it took the machine's memory, or None."""
    most_mib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**20 * _MOST_OF_THE_MACHINE
    while probe.poll() is None:
        held_mib = resident.now_mib(running.group) or 0.0
        if held_mib > most_mib:
            os.killpg(running.group, signal.SIGKILL)
            return held_mib
        time.sleep(_POLL_S)
    return None


def _heard(process: subprocess.Popen[str]) -> Any:
    """Wait for a client's last line, and return what it says."""
    text, _ = process.communicate()
    if process.returncode:
        raise ClientFailedError(f"a client has failed: {process.args!r}")
    return json.loads(text)


def _percentiles(found: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    return {
        page: {f"p{share}": took[min(len(took) - 1, len(took) * share // 100)] for share in _PERCENTILES} for page, took in found.items()
    }
