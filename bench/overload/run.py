"""One run of the overload's part, into a JSON file of its own: its figures are compared with each other and with nothing else."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from importlib import metadata
from typing import TYPE_CHECKING, Any, NamedTuple

import buckler
from bench import facts
from bench.overload.crowd import ADDRESSES, PATIENCE_S
from bench.overload.rows import CELLS, PACKAGES, PLAIN, WORKS
from bench.progress import Progress
from bench.servers import ROOT, ServerFailedError, pinned, serving

if TYPE_CHECKING:
    from pathlib import Path

    from bench.overload.rows import Cell

SCHEMA = 1
FOLDER = "overload"
CALM, OVER = 0.5, 3.0  # parts of what plain FastAPI serves at best on the same server
_WARM_S = 1.0


class Pace(NamedTuple):
    """Rounds; in each the seconds in which the best is found, of the calm, and of the overload; the first `settle_s` of it, in which the
    server learns, are told apart."""

    rounds: int
    best_s: float
    calm_s: float
    over_s: float
    settle_s: float


FULL, QUICK = Pace(3, 3, 5, 10, 2), Pace(1, 1, 2, 4, 2)


class CrowdFailedError(Exception):
    """The crowd did not end as it should."""


def everything(pace: Pace, *, keep: bool) -> Path:
    """Measure, and return the results' file: in `bench/results/overload` when it may be published, else in the cache."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # the servers inherit it
    found = _facts(pace)
    with Progress(len(CELLS) * pace.rounds) as progress:
        found["cells"], found["failed"] = measure(pace, progress)
    folder = facts.results_folder(quick=not keep) / FOLDER
    folder.mkdir(exist_ok=True)
    file = folder / f"{found['date']}.json"
    file.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    return file


def _facts(pace: Pace) -> dict[str, Any]:
    settings = pace._asdict() | {"calm": CALM, "over": OVER, "patience_s": PATIENCE_S, "addresses": ADDRESSES}
    versions = {"buckler": buckler.__version__} | {name: metadata.version(name) for name in PACKAGES}
    return {"schema": SCHEMA, "date": facts.today(), "settings": settings, "machine": facts.machine(), "versions": versions}


def measure(pace: Pace, progress: Progress) -> tuple[dict[str, list[dict[str, Any]]], dict[str, str]]:
    """Return the rounds of every cell, and what is wrong with those that could not be measured. What can be served at best is what plain
    FastAPI serves, in the same round on the same server: so it is measured first."""
    found: dict[str, list[dict[str, Any]]] = {cell.key: [] for cell in CELLS}
    failed: dict[str, str] = {}
    for count in range(pace.rounds):
        best: dict[tuple[str, str], float] = {}
        for cell in CELLS:
            progress.say(f"overload · {count + 1}/{pace.rounds} · {cell.row.title}, {cell.work}, {cell.server}")
            if cell.key not in failed:
                try:
                    found[cell.key].append(_round(cell, pace, count, best))
                except (ServerFailedError, CrowdFailedError, KeyError) as problem:
                    failed[cell.key] = str(problem)
            progress.step()
    return {key: rounds for key, rounds in found.items() if key not in failed}, failed


def _round(cell: Cell, pace: Pace, seed: int, best: dict[tuple[str, str], float]) -> dict[str, Any]:
    with serving(cell.server, cell.row, BENCH_WORK=cell.work) as running:

        def crowd(per_second: float, seconds: float, settle_s: float = 0.0) -> dict[str, float]:
            return _crowd(running.port, per_second, seconds, settle_s, seed, WORKS[cell.work][1])

        crowd(0, _WARM_S)
        own = crowd(0, pace.best_s)
        if cell.row is PLAIN:
            best[cell.work, cell.server] = own["per_second"]
        most = best[cell.work, cell.server]
        return {
            "best": own,
            "can_serve": most,
            "calm": crowd(most * CALM, pace.calm_s),
            "over": crowd(most * OVER, pace.over_s, pace.settle_s),
        }


def _crowd(*given: float) -> dict[str, float]:
    words = [*pinned(1), sys.executable, "-m", "bench.overload.crowd", *map(str, given)]
    path = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    done = subprocess.run(words, cwd=ROOT, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CrowdFailedError(f"the crowd has failed: {done.stderr[-500:]}")
    heard: dict[str, float] = json.loads(done.stdout)
    return heard
