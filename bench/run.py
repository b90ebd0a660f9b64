"""One run of everything, into one JSON file."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from bench import facts, guards, load, rounds, servers
from bench.inprocess import costs, memory
from bench.progress import Progress
from bench.rows import SERVERS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bench.rows import Row

SCHEMA = 1
_LOAD_CORE = 1


class Settings(NamedTuple):
    rows: Sequence[Row]
    rounds: int
    seconds: float
    parts: Sequence[str]
    quick: bool


def everything(settings: Settings, *, keep: bool) -> Path:
    """Measure, and return the results' file: in `bench/results` when it is a whole run that may be published, else in the cache."""
    if "server" in settings.parts and load.missing():
        raise SystemExit(load.missing())
    if hasattr(os, "sched_setaffinity") and servers.can_pin():
        os.sched_setaffinity(0, {_LOAD_CORE})  # this program stays off the server's core
    found = _facts(settings)
    with Progress(_steps(settings)) as progress:
        if "server" in settings.parts:
            found["heads"] = rounds.verify(settings.rows, progress)
            found["server"], found["failed"] = rounds.run(settings.rows, settings.rounds, settings.seconds, progress)
        if "in-process" in settings.parts:
            found["in_process"] = costs.measure(costs.QUICK if settings.quick else costs.FULL, progress)
        if "memory" in settings.parts:
            addresses = memory.QUICK if settings.quick else memory.FULL
            progress.say(f"memory · {addresses:,} addresses")
            found["memory"] = memory.measure(addresses)
            progress.step()
    file = facts.results_folder(quick=not keep) / f"{found['date']}.json"
    file.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    return file


def _facts(settings: Settings) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "date": facts.today(),
        "quick": settings.quick,
        "settings": {"rounds": settings.rounds, "seconds": settings.seconds, "connections": load.CONNECTIONS},
        "machine": facts.machine(),
        "versions": facts.versions(settings.rows),
        "protections": facts.protections(),
        "heads": {},
        "server": {},
        "failed": {},
        "in_process": {},
        "memory": {},
    }


def _steps(settings: Settings) -> int:
    steps = len(settings.rows) * len(SERVERS) * (1 + settings.rounds) if "server" in settings.parts else 0
    steps += 2 + len(guards.NAMES) if "in-process" in settings.parts else 0
    return steps + ("memory" in settings.parts)
