"""One run of the accounts' part, into a JSON file of its own: its figures are compared with each other and with nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from bench import facts, servers
from bench.accounts import enumeration, flood, signed_in
from bench.accounts.rows import PEERS
from bench.environment import made
from bench.progress import Progress

if TYPE_CHECKING:
    from pathlib import Path

    from bench.accounts.flood import Pace
    from bench.inprocess.pairs import Pace as Pairs

SCHEMA = 1
FOLDER = "accounts"
_CLIENT_CORE = 1
_ASK = "import sys; from importlib.metadata import version; print(*(version(name) for name in sys.argv[1:]))"


class Settings(NamedTuple):
    """`tries` of each kind; how long the floods are; how many pairs the price is measured by."""

    tries: int
    flood: Pace
    pairs: Pairs


FULL = Settings(enumeration.FULL, flood.FULL, signed_in.FULL)
QUICK = Settings(enumeration.QUICK, flood.QUICK, signed_in.QUICK)


def everything(settings: Settings, *, keep: bool) -> Path:
    """Measure, and return the results' file: in `bench/results/accounts` when it may be published, else in the cache."""
    if hasattr(os, "sched_setaffinity") and servers.can_pin():
        os.sched_setaffinity(0, {_CLIENT_CORE})  # this program stays off the server's core
    found = _facts(settings)
    with Progress(settings.tries + flood.steps(settings.flood) + 1) as progress:
        found["tries"] = enumeration.measure(settings.tries, progress)
        found["floods"], found["failed"] = flood.measure(settings.flood, progress)
        found["signed_in"] = signed_in.measure(settings.pairs, progress)
    folder = facts.results_folder(quick=not keep) / FOLDER
    folder.mkdir(exist_ok=True)
    file = folder / f"{found['date']}.json"
    file.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    return file


def floods_again(pace: Pace) -> Path:
    """Measure the floods alone, and put them in the place of those in the newest results, with the day: for a change that only they see."""
    if hasattr(os, "sched_setaffinity") and servers.can_pin():
        os.sched_setaffinity(0, {_CLIENT_CORE})
    file = max((facts.results_folder(quick=False) / FOLDER).glob("*.json"))
    found = json.loads(file.read_text())
    with Progress(flood.steps(pace)) as progress:
        found["floods"], found["failed"] = flood.measure(pace, progress)
    found["settings"] |= pace._asdict()
    found["floods_again"] = facts.today()
    file.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    return file


def _facts(settings: Settings) -> dict[str, Any]:
    named = settings.flood._asdict() | {"tries": settings.tries, "clients": flood.CLIENTS, "per_second": flood.PER_SECOND}
    return {"schema": SCHEMA, "date": facts.today(), "settings": named, "machine": facts.machine(), "versions": _versions()}


def _versions() -> dict[str, dict[str, str]]:
    """Each peer's versions, asked of the environment that it runs in."""
    found = {}
    for peer in PEERS:
        names = [*peer.packages, "uvicorn", "gunicorn"] if peer.key == "allauth" else [*peer.packages, "uvicorn"]
        python = made(peer.environment) if peer.environment else sys.executable
        done = subprocess.run([python, "-c", _ASK, *names], capture_output=True, text=True, check=True)
        found[peer.title] = dict(zip(names, done.stdout.split(), strict=True))
    return found
