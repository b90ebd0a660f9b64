"""One run of the state's part, into a JSON file of its own: its figures are compared with each other and with nothing else."""

from __future__ import annotations

import json
import os
from importlib import metadata
from typing import TYPE_CHECKING, Any, NamedTuple

import buckler
from bench import facts, load, servers
from bench.progress import Progress
from bench.state import backends, stampede, wire
from bench.state.rows import BY_KEY

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = 1
FOLDER = "state"
_CLIENT_CORE = 1


class Pace(NamedTuple):
    """Rounds over the wire and the seconds of each cell; the seconds of each operation of a store; how many sessions."""

    rounds: int
    seconds: float
    op_s: float
    sessions: int


FULL, QUICK = Pace(3, 3, 1, backends.SESSIONS), Pace(1, 1, 0.1, 2000)


def everything(pace: Pace, *, keep: bool) -> Path:
    """Measure, and return the results' file: in `bench/results/state` when it may be published, else in the cache."""
    if load.missing():
        raise SystemExit(load.missing())
    if hasattr(os, "sched_setaffinity") and servers.can_pin():
        os.sched_setaffinity(0, {_CLIENT_CORE})  # this program stays off the server's core
    found = _facts(pace)
    with Progress(wire.steps(pace.rounds) + len(stampede.ROWS) + len(backends.NAMES)) as progress:
        found["wire"], found["failed"] = wire.measure(pace.rounds, pace.seconds, progress)
        found["trips"] = wire.trips(progress)
        found["stampede"] = stampede.measure(progress)
        found["stores"] = backends.measure(pace.op_s, pace.sessions, progress)
    folder = facts.results_folder(quick=not keep) / FOLDER
    folder.mkdir(exist_ok=True)
    file = folder / f"{found['date']}.json"
    file.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    return file


def _facts(pace: Pace) -> dict[str, Any]:
    names = sorted({name for cell in BY_KEY.values() for name in cell.row.packages} | {"uvicorn", "granian", "hiredis", "lmdb", "asyncpg"})
    versions = {"buckler": buckler.__version__} | {name: metadata.version(name) for name in names}
    settings = pace._asdict() | {"connections": load.CONNECTIONS, "visitors": stampede.VISITORS}
    return {"schema": SCHEMA, "date": facts.today(), "settings": settings, "machine": facts.machine(), "versions": versions}
