"""The overload's part of `docs/benchmarks.md`, with its targets, which were written down before the measurement. Every figure comes from
the JSON."""

from __future__ import annotations

import json
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.overload.rows import CELLS, OURS, WORKS
from bench.servers import ROOT
from bench.stats import span
from bench.targets import MET, TO, Results, Verdict, X

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDER = ROOT / "bench" / "results" / "overload"
_BY_KEY = {cell.key: cell for cell in CELLS}
_GOODPUT, _P99 = 0.9, 3.0
_HEAD = """## Overload

Generated from `{file}`: a run of its own, in which all rows took turns.

Visitors come by chance, {over:g} times as many a second as can be served at best, whether or not those before them have been answered;
each has {patience_s:g} s of patience. *Served*: of those a second that plain FastAPI serves at best on the same server, in the same
round. *Calm*: {calm:g} of that. *Turned away*: 503. *Left*: nobody answered them in time. *Learning*: p99 of
the first {settle_s:g} s, which are not in the other columns.

| work | application | server | best/s | calm p99, ms | served | p50, ms | p99, ms | {x} calm | turned away | left | learning, ms |
|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|"""
_NOTES = """
### How overload was measured

- {rounds} rounds, each on a fresh server process with one worker on one core, the visitors on the other; from {addresses} addresses,
  on connections that are kept. Latencies count from the moment at which a visitor came. Calm for {calm_s:g} s, then {over_s:g} s of
  overload. Medians; the spread is the smallest and the largest round; ratios are made within a round.
- Every protection of Buckler is on as by default, but for the flood limit, which nobody reaches. The servers have no limit of their own.
"""


def newest() -> Path | None:
    """Return the newest committed results."""
    return max(FOLDER.glob("*.json"), default=None)


def newest_section() -> str:
    """Return the part of the page from the newest results; "" when there are none."""
    file = newest()
    return "" if file is None else "\n" + section(json.loads(file.read_text()), file.relative_to(ROOT).as_posix())


def section(results: Results, file: str) -> str:
    """Return the part of the page as Markdown."""
    settings = {**results["settings"], "x": X, "file": file}
    lines = [_HEAD.format(**settings), *_rows(results), "", "| target | found | |", "|---|---|---|"]
    lines += [f"| {verdict.target} | {verdict.found} | {MET[verdict.met]} |" for verdict in verdicts(results)]
    lines += [f"\nNot measured: {row}: {problem.splitlines()[0]}" for row, problem in results["failed"].items()]
    return "\n".join([*lines, _NOTES.format(**settings)])


def verdicts(results: Results) -> Iterator[Verdict]:
    """Return every target with what was found. One round is no evidence."""
    enough = results["settings"]["rounds"] > 1
    for key, rounds in results["cells"].items():
        cell = _BY_KEY[key]
        if cell.row is OURS:
            served, slower = span(_served(rounds)), span(_slower(rounds))
            text = f"{served.middle:.2f} {X} ({served.low:.2f}{TO}{served.high:.2f})"
            yield Verdict(_says(cell.key, f"served ≥ {_GOODPUT:g} {X} the best"), text, served.middle >= _GOODPUT if enough else None)
            text = f"{slower.middle:.2f} {X} ({slower.low:.2f}{TO}{slower.high:.2f})"
            yield Verdict(_says(cell.key, f"p99 of the served ≤ {_P99:g} {X} calm"), text, slower.middle <= _P99 if enough else None)


def _says(key: str, sentence: str) -> str:
    cell = _BY_KEY[key]
    return f"{sentence}: a handler that {WORKS[cell.work][0]}, on {cell.server}"


def _served(rounds: list[dict[str, Any]]) -> list[float]:
    return [one["over"]["per_second"] / one["can_serve"] for one in rounds]


def _slower(rounds: list[dict[str, Any]]) -> list[float]:
    return [one["over"]["p99_ms"] / one["calm"]["p99_ms"] for one in rounds]


def _rows(results: Results) -> Iterator[str]:
    for key, rounds in results["cells"].items():
        cell, best, calm, over = _BY_KEY[key], _middles(rounds, "best"), _middles(rounds, "calm"), _middles(rounds, "over")
        slower, came = span(_slower(rounds)), over["came"]
        yield (
            f"| {WORKS[cell.work][0]} | {cell.row.title} | {cell.server} | {best['per_second']:.0f} | {calm['p99_ms']:.1f} "
            f"| {median(_served(rounds)):.2f} {X} | {over['p50_ms']:.1f} | {over['p99_ms']:.1f} "
            f"| {slower.middle:.1f} ({slower.low:.1f}{TO}{slower.high:.1f}) | {over['turned_away'] / came:.0%} "
            f"| {over['left'] / came:.0%} | {over['learning_p99_ms']:.0f} |"
        )


def _middles(rounds: list[dict[str, Any]], when: str) -> dict[str, float]:
    return {name: median(one[when][name] for one in rounds) for name in rounds[0][when]}
