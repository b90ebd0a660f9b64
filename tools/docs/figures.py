"""Measured figures, read from the newest raw results in bench/results. Nothing is typed by hand; without results there is no figure."""

from __future__ import annotations

import json
from statistics import median
from typing import TYPE_CHECKING, Any

from bench import report
from bench.rows import BY_KEY, ROWS
from bench.targets import X, compared, verdicts
from tools.docs.text import DOCS, ROOT, table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NONE_YET = "No results have been recorded yet: `make bench` measures, and `make docs` writes them here."
# The rows that a newcomer wants to see; the whole table is in docs/benchmarks.md.
SHOWN = ("fastapi", "fastapi_buckler", "fastapi_glue", "fastapi_buckler_refused", "limit", "bare_buckler")
FIRST = "uvicorn"
MET = {True: "met", False: "**missed**", None: "not measured"}


def newest() -> tuple[dict[str, Any], str] | None:
    """The newest results, and the name of their file."""
    file = report.newest()
    return None if file is None else (json.loads(file.read_text(encoding="utf-8")), file.relative_to(ROOT).as_posix())


def pages() -> dict[Path, str]:
    """docs/benchmarks.md, where there are results."""
    found = newest()
    return {} if found is None else {DOCS / "benchmarks.md": report.whole(*found)}


def cost_of(name: str) -> list[str]:
    """The section on what a protection costs."""
    found = newest()
    if found is None or not found[0].get("in_process"):
        return []
    for item in found[0]["in_process"]["protections"]:
        if item["name"] == name:
            rows = [
                ("alone, beside a guard with nothing on", _us(item["alone_us"]), item["alone_bytecodes"]),
                ("its share of everything", _us(item["share_us"]), item["share_bytecodes"]),
            ]
            told = f"For an anonymous GET, measured in process on {found[0]['date']} ([how](../benchmarks.md))."
            return ["## Cost", told, table(("", "µs (95 % interval)", "bytecodes"), rows)]
    return []


def _us(interval: Sequence[float]) -> str:
    return f"{interval[0]:.2f} ({interval[1]:.2f} to {interval[2]:.2f})"


def overview() -> str:
    """The figures of the README: the rows that matter most, and every target."""
    found = newest()
    if found is None:
        return NONE_YET
    results, file = found
    machine = results["machine"]
    where = f"{machine['cpu']}, one core for the server and one for the load, {machine['python']}, {results['date']}"
    parts = [
        f"Measured on {where}: [the whole table and how](docs/benchmarks.md), from [raw results]({file}).",
        _served(results),
        table(("target", "found", ""), [(item.target, item.found, MET[item.met]) for item in verdicts(results)]),
    ]
    return "\n\n".join(part for part in parts if part)


def _served(results: dict[str, Any]) -> str:
    cells = results["server"].get(FIRST, {})
    rows = []
    for row in ROWS:
        if row.key in SHOWN and cells.get(row.key):
            rounds = cells[row.key]
            beside = compared(results, FIRST, row.key, "fastapi")
            ratio = f"{beside.middle:.2f}" if beside else ""
            rows.append(
                (
                    BY_KEY[row.key].title,
                    f"{median(c['rps'] for c in rounds):,.0f}",
                    f"{median(c['p99_us'] for c in rounds) / 1e3:.2f}",
                    ratio,
                )
            )
    return table((f"on {FIRST}", "requests/s", "p99 ms", f"{X} FastAPI"), rows)


def steps() -> str:
    """The figures beside the way of one request."""
    found = newest()
    if found is None or not found[0].get("in_process"):
        return NONE_YET
    whole = found[0]["in_process"]["whole"]
    rows = [
        ("nothing on: the pass itself", _us(whole["none_us"]), whole["none_bytecodes"]),
        ("everything on", _us(whole["all_us"]), whole["bytecodes"]),
        ("everything on, behind one trusted proxy", _us(whole["behind_proxy_us"]), whole["behind_proxy_bytecodes"]),
    ]
    told = f"What an anonymous GET costs more than without the guard, in process ([how](benchmarks.md), {found[0]['date']}):"
    return told + "\n\n" + table(("", "µs (95 % interval)", "bytecodes"), rows)
