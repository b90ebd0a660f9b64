"""The state's part of `docs/benchmarks.md`, with its targets, which were written down before the measurement. Every figure comes from the
JSON."""

from __future__ import annotations

import json
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.servers import ROOT
from bench.state.rows import BY_KEY, PAGES, SIGNED
from bench.state.stampede import ROWS as STAMPEDE
from bench.stats import ratios
from bench.targets import MET, TO, Results, Verdict, X

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from bench.state.rows import Cell
    from bench.stats import Span

FOLDER = ROOT / "bench" / "results" / "state"
# ours, theirs, the least that the median of the ratios must be
_PAIRS = (
    ("page_buckler", "page_plain", 2.0, f"a page from Buckler's cache ≥ 2 {X} FastAPI that makes it"),
    ("page_buckler", "page_limit", 0.7, f"a page from Buckler's cache ≥ 0.7 {X} the limit"),
    ("signed_buckler", "signed_glue", 4.0, f"a signed-in visitor ≥ 4 {X} FastAPI + starsessions + slowapi"),
)
_HEAD = """## State

Generated from `{file}`: a run of its own, in which all rows took turns.

| target | found | |
|---|---|---|"""
_WIRE = "\n| {what} | server | requests/s | p99, ms | {x} {first} |\n|---|---|---:|---:|---:|"
_NOTES = """
### How state was measured

- Pages and signed-in visitors: {rounds} rounds; each cell a fresh server process with one worker on one core, {connections} connections of
  wrk on the other, {seconds:g} s after a second of warming up; all rows of both servers in turns. Medians; ratios are made within a round;
  the spread is the smallest and the largest. Redis shares the load's core. Each row has shown before that it does its work: the page was
  made once for three visitors (or three times), and nobody else is taken for the person who is signed in.
- The page: 6 KiB of HTML from a Jinja template, the same for all rows. The limit sends the bytes of Buckler's hit, head and body.
- Stores: in this process, values of 300 random bytes, 10,000 keys, {op_s:g} s an operation. *request*: two values and a quota in one batch.
  PostgreSQL without fsync; sealed values are not part of it. Sessions: what {sessions:,} values of 300 bytes cost the store.
- Stampede: {visitors:,} open connections ask at the same moment for a page that takes 200 ms to make.
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
    lines = [_HEAD.format(**settings)]
    lines += [f"| {verdict.target} | {verdict.found} | {MET[verdict.met]} |" for verdict in verdicts(results)]
    lines += [_WIRE.format(what="a page", x=X, first="FastAPI"), *_rows(results, PAGES)]
    lines += [_WIRE.format(what="a signed-in visitor, sessions in Redis", x=X, first="Buckler"), *_rows(results, SIGNED)]
    lines += ["", "| a stampede | calls of the function | answers | longest wait, ms |", "|---|---:|---|---:|", *_stampede(results)]
    lines += ["\n### What each store can do", "", *_stores(results)]
    lines += [f"\nNot measured: {row}: {problem.splitlines()[0]}" for row, problem in results["failed"].items()]
    if "mib_again" in results:
        lines.append(
            f"\nWhat the memory store holds was measured again on {results['mib_again']}, alone: before, all sessions were one value."
        )
    return "\n".join([*lines, _NOTES.format(**settings)])


def verdicts(results: Results) -> Iterator[Verdict]:
    """Return every target with what was found. One round is no evidence."""
    enough = results["settings"]["rounds"] > 1
    for ours, theirs, least, sentence in _PAIRS:
        for server in results["wire"]:
            found = _compared(results, server, ours, theirs)
            text = "not measured" if found is None else f"{found.middle:.2f} {X} ({found.low:.2f}{TO}{found.high:.2f})"
            yield Verdict(f"{sentence}, on {server}", text, found.middle >= least if found is not None and enough else None)
    trips = results["trips"]["signed_buckler"]
    told = f"{trips['cold']} and {trips['warm']:g}"
    yield Verdict("round trips to Redis of a signed-in visitor: ≤ 1 cold, 0 warm", told, trips["cold"] <= 1 and not trips["warm"])
    for row in STAMPEDE[:2]:
        calls = results["stampede"][row.key]["calls"]
        yield Verdict(f"{results['settings']['visitors']:,} who ask at once = 1 call: {row.title}", f"{calls}", calls == 1)


def _compared(results: Results, server: str, ours: str, theirs: str) -> Span | None:
    cells = results["wire"][server]
    if not cells.get(ours) or not cells.get(theirs):
        return None
    return ratios([cell["rps"] for cell in cells[ours]], [cell["rps"] for cell in cells[theirs]])


def _rows(results: Results, cells: Sequence[Cell]) -> Iterator[str]:
    for server, found in results["wire"].items():
        for cell in cells:
            rounds = found.get(cell.key)
            if not rounds:
                continue
            ratio = _compared(results, server, cell.key, cells[0].key)
            times = "" if ratio is None else f"{ratio.middle:.2f} ({ratio.low:.2f}{TO}{ratio.high:.2f})"
            rps, p99_ms = median(one["rps"] for one in rounds), median(one["p99_us"] for one in rounds) / 1e3
            title = BY_KEY[cell.key].row.title
            if cell.key in results["trips"]:
                trips = results["trips"][cell.key]
                title += f" ({trips['cold']} commands to Redis at first, then {trips['warm']:g})"
            yield f"| {title} | {server} | {rps:,.0f} | {p99_ms:.2f} | {times} |"


def _stampede(results: Results) -> Iterator[str]:
    for row in STAMPEDE:
        found = results["stampede"][row.key]
        answers = ", ".join(f"{status}: {number:,}" for status, number in found["statuses"].items())
        yield f"| {row.title} | {found['calls']:,} | {answers} | {found['worst_ms']:.0f} |"


def _stores(results: Results) -> Iterator[str]:
    stores: dict[str, Any] = results["stores"]
    kinds = list(next(iter(stores.values()))["ops"])
    yield f"Operations a second, and in brackets p99 in µs, one at a time ({X} 1) and 64 at once.\n"
    yield "| store | " + " | ".join(kinds) + " |"
    yield "|---" + "|---:" * len(kinds) + "|"
    for name, found in stores.items():
        cells = [f"{one['per_s']:,.0f} ({one['p99_us']:,.0f})" if (one := found["ops"].get(kind)) else "" for kind in kinds]
        yield f"| {name} | " + " | ".join(cells) + " |"
    yield f"\n| store | {results['settings']['sessions']:,} sessions, MiB | looking one up, p50 µs | p99 µs |\n|---|---:|---:|---:|"
    for name, found in stores.items():
        kept, looked = found["sessions"]["mib"], found["sessions"]["lookup"]
        yield f"| {name} | {kept:.0f} | {looked['p50_us']:.1f} | {looked['p99_us']:.1f} |"
