"""The command line of the benchmark."""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import TYPE_CHECKING, Any

from bench import environment
from bench.rows import BY_KEY, ROWS

if TYPE_CHECKING:
    from pathlib import Path

    from bench.rows import Row

SCHEMA = 1
_PARTS = ("server", "in-process", "memory")
_FLOODS = "floods"  # those of accounts alone, into its newest results
_OWN = ("accounts", "overload", "state")  # have results of their own, so that each is measured again without the others


def main(arguments: list[str]) -> int:
    """Run what was asked for; return the exit status."""
    asked = _parser().parse_args(arguments)
    if asked.verb == "profile":
        from bench.inprocess import profile  # noqa: PLC0415  # needs nothing but Buckler

        print(profile.table())
        return 0
    if asked.verb == "budget":
        return _budget(check=asked.check)
    if not environment.inside():
        environment.enter(arguments)
    return _report(asked.file) if asked.verb == "report" else _run(asked)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure what Buckler costs, beside its peers.", epilog=_EPILOG)
    parser.add_argument("verb", nargs="?", default="run", choices=["run", "report", "profile", "budget"], help="default: run")
    parser.add_argument("--quick", action="store_true", help="one short round of everything; the numbers are nobody's evidence")
    parser.add_argument("--rows", default="", help=f"only these, separated by commas: {','.join(BY_KEY)}")
    parser.add_argument("--rounds", type=int, help="rounds of the server benchmark (default 5)")
    parser.add_argument("--seconds", type=float, help="seconds a row and round (default 3)")
    parser.add_argument("--parts", default=",".join((*_PARTS, *_OWN)), help="what to measure (default: %(default)s)")
    parser.add_argument("--check", action="store_true", help="budget: compare instead of write")
    parser.add_argument("--file", help="report: the results to read (default: the newest in bench/results)")
    return parser


_EPILOG = (
    "run measures and writes results, page and charts; report writes page and charts again; profile prints where the bytecodes go; "
    "budget writes bench/budget.json."
)


def _budget(*, check: bool) -> int:
    from bench.inprocess import budget  # noqa: PLC0415  # needs nothing but Buckler

    found = budget.counted()
    if not check:
        budget.write(found)
        print(f"bench/budget.json, Python {budget.VERSION}: {found}")
        return 0
    off = budget.deviations(found, budget.stored().get(budget.VERSION, {}))
    print("\n".join([*off, budget.UPDATE]) if off else "within the budget")
    return 1 if off else 0


def _rows(text: str) -> list[Row]:
    unknown = [key for key in text.split(",") if key and key not in BY_KEY]
    if unknown:
        raise SystemExit(f"no such row: {', '.join(unknown)}; the rows are {', '.join(BY_KEY)}")
    return [BY_KEY[key] for key in text.split(",") if key] or list(ROWS)


def _run(asked: argparse.Namespace) -> int:
    parts = asked.parts.split(",")
    unknown = set(parts) - {*_PARTS, *_OWN, _FLOODS}
    if unknown:
        raise SystemExit(f"no such part: {', '.join(sorted(unknown))}; the parts are {', '.join((*_PARTS, *_OWN, _FLOODS))}")
    ends = [_run_guard(asked, [part for part in parts if part in _PARTS])] if set(parts) & set(_PARTS) else []
    ends += [_run_own(part, asked) for part in (*_OWN, _FLOODS) if part in parts]
    return max(ends)


def _run_own(part: str, asked: argparse.Namespace) -> int:
    file, section = {"accounts": _accounts, "overload": _overload, "state": _state, _FLOODS: _floods}[part](asked)
    results = json.loads(file.read_text())
    print(section(results, os.path.relpath(file, environment.ROOT)))
    if not asked.quick:
        _report(None)
    return _told(file, results)


def _accounts(asked: argparse.Namespace) -> tuple[Path, Any]:
    from bench.accounts import report, run  # noqa: PLC0415  # needs the peers' environment

    settings = run.QUICK if asked.quick else run.FULL
    if asked.rounds:
        settings = settings._replace(flood=settings.flood._replace(rounds=asked.rounds))
    return run.everything(settings, keep=not asked.quick), report.section


def _floods(asked: argparse.Namespace) -> tuple[Path, Any]:
    from bench.accounts import flood, report, run  # noqa: PLC0415  # needs the peers' environment

    return run.floods_again(flood.FULL._replace(rounds=asked.rounds or flood.FULL.rounds)), report.section


def _overload(asked: argparse.Namespace) -> tuple[Path, Any]:
    from bench.overload import report, run  # noqa: PLC0415  # needs the peers' environment

    pace = run.QUICK if asked.quick else run.FULL
    return run.everything(pace._replace(rounds=asked.rounds or pace.rounds), keep=not asked.quick), report.section


def _state(asked: argparse.Namespace) -> tuple[Path, Any]:
    from bench.state import report, run  # noqa: PLC0415  # needs the peers' environment

    pace = run.QUICK if asked.quick else run.FULL
    return run.everything(pace._replace(rounds=asked.rounds or pace.rounds), keep=not asked.quick), report.section


def _run_guard(asked: argparse.Namespace, parts: list[str]) -> int:
    from bench import run  # noqa: PLC0415  # needs the peers' environment

    rows = _rows(asked.rows)
    rounds, seconds = asked.rounds or (1 if asked.quick else 5), asked.seconds or (2 if asked.quick else 3)
    settings = run.Settings(rows, rounds, seconds, parts, asked.quick)
    whole = not asked.quick and not asked.rows and set(parts) == set(_PARTS)
    file = run.everything(settings, keep=whole)
    results = json.loads(file.read_text())
    _print(results)
    if whole:
        _report(str(file))
    return _told(file, results)


def _told(file: Path, results: dict[str, Any]) -> int:
    print(f"\nResults: {os.path.relpath(file, environment.ROOT)}")
    for row, problem in results["failed"].items():
        print(f"NOT MEASURED: {row}: {problem}", file=sys.stderr)
    return 1 if results["failed"] else 0


def _report(given: str | None) -> int:
    from pathlib import Path  # noqa: PLC0415  # as above

    from bench import chart, report  # noqa: PLC0415  # needs the peers' environment

    source: Path | None = Path(given).resolve() if given else report.newest()
    if source is None:
        print("no results yet: run `make bench` first", file=sys.stderr)
        return 1
    report.write(source)
    files: list[Any] = [report.PAGE, *chart.write(json.loads(source.read_text()))]
    print("written: " + ", ".join(os.path.relpath(file, environment.ROOT) for file in files))
    return 0


def _print(results: dict[str, Any]) -> None:
    from rich.console import Console  # noqa: PLC0415  # lives in the peers' environment
    from rich.table import Table  # noqa: PLC0415  # as above

    from bench.report import told_ms  # noqa: PLC0415  # as above
    from bench.targets import verdicts  # noqa: PLC0415  # as above

    console = Console()
    for server, cells in results["server"].items():
        table = Table("application", "requests/s", "p99 ms", title=f"On {server}, medians of {results['settings']['rounds']}")
        for key, rounds in cells.items():
            middle = sorted(rounds, key=lambda cell: cell["rps"])[len(rounds) // 2]
            table.add_row(BY_KEY[key].title, f"{middle['rps']:,.0f}", told_ms([middle], "p99_us"))
        console.print(table)
    table = Table("target", "found", "", title="Targets")
    for verdict in verdicts(results):
        words = {True: "[green]met", False: "[red]missed", None: "not measured"}
        table.add_row(verdict.target, verdict.found, words[verdict.met])
    console.print(table)
