"""The targets, written down before the measurement, and whether they were met. Every ratio comes from one run, round by round."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from bench.stats import ratios

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.stats import Span

Results = dict[str, Any]
X, TO = "\N{MULTIPLICATION SIGN}", "\N{EN DASH}"  # by name: they look like letters and hyphens
MET = {True: "met", False: "**missed**", None: "not measured"}
_MEMORY_MIB = 64
_WHOLE_US = 5.0


class Verdict(NamedTuple):
    """`met` is None where the run did not measure it."""

    target: str
    found: str
    met: bool | None


def verdicts(results: Results) -> list[Verdict]:
    """Return every target with what was found."""
    said = [verdict for server in results["server"] for verdict in _on_server(results, server)]
    return said + [verdict for judge in (_whole, _refusals, _chunk, _garbage, _memory) for verdict in judge(results)]


def compared(results: Results, server: str, ours: str, theirs: str, what: str = "rps") -> Span | None:
    """Return ours by theirs over the rounds; None where one of them was not measured."""
    cells = results["server"][server]
    if not cells.get(ours) or not cells.get(theirs):
        return None
    return ratios([cell[what] for cell in cells[ours]], [cell[what] for cell in cells[theirs]])


# ours, theirs, what, the least (or, for latencies, the most) that the median must be
_PAIRS = (
    ("bare_buckler", "limit", "rps", 0.9, f"bare + Buckler ≥ 0.9 {X} the limit"),
    ("fastapi_buckler", "fastapi", "rps", 0.9, f"FastAPI + Buckler ≥ 0.9 {X} FastAPI"),
    ("fastapi_buckler", "fastapi_glue", "rps", 3.5, f"FastAPI + Buckler ≥ 3.5 {X} FastAPI + popular glue"),
    ("fastapi_buckler", "fastapi_glue_asgi", "rps", 3.5, f"the same with slowapi's quicker middleware ≥ 3.5 {X}"),
    ("fastapi_buckler", "fastapi", "p99_us", 1.5, f"p99 of FastAPI + Buckler ≤ 1.5 {X} FastAPI's"),
    ("fastapi_buckler_refused", "fastapi", "rps", 2.0, f"a refused request costs less than half of an accepted one: ≥ 2 {X} FastAPI"),
)


def _on_server(results: Results, server: str) -> Iterator[Verdict]:
    for ours, theirs, what, bound, sentence in _PAIRS:
        found = compared(results, server, ours, theirs, what)
        if found is None:
            yield Verdict(f"{sentence}, on {server}", "not measured", None)
            continue
        met = found.middle <= bound if what == "p99_us" else found.middle >= bound
        yield Verdict(f"{sentence}, on {server}", f"{found.middle:.2f} {X} ({found.low:.2f}{TO}{found.high:.2f})", met)


def _inside(judge: Callable[[Results], Iterator[Verdict]]) -> Callable[[Results], Iterator[Verdict]]:
    def judged(results: Results) -> Iterator[Verdict]:
        if results.get("in_process"):
            yield from judge(results["in_process"])

    return judged


@_inside
def _whole(found: Results) -> Iterator[Verdict]:
    middle, low, high = found["whole"]["all_us"]
    yield Verdict(
        "all protections ≤ 5 µs on an anonymous GET, in process", f"{middle:.2f} µs ({low:.2f}{TO}{high:.2f})", middle <= _WHOLE_US
    )


@_inside
def _refusals(found: Results) -> Iterator[Verdict]:
    for row in found["refused"]:
        middle, low, high = row["ratio"]
        sentence = f"a refused request ({row['title']}) < half of an accepted plain FastAPI one, in process"
        yield Verdict(sentence, f"{middle:.2f} {X} ({low:.2f}{TO}{high:.2f})", middle < 0.5)


@_inside
def _chunk(found: Results) -> Iterator[Verdict]:
    """Strictly: nothing is nothing that the pairs can see."""
    middle, low, high = found["chunk"]["us"]
    text = f"{middle * 1e3:.0f} ns ({low * 1e3:.0f}{TO}{high * 1e3:.0f}), {found['chunk']['bytecodes']:.0f} bytecodes"
    yield Verdict("a streamed chunk costs nothing", text, low <= 0)


@_inside
def _garbage(found: Results) -> Iterator[Verdict]:
    worst = max(found["garbage"].values())
    yield Verdict("no reference cycle: nothing for the garbage collector after 1,000 requests of each kind", f"{worst} objects", worst == 0)


def _memory(results: Results) -> Iterator[Verdict]:
    found = results.get("memory")
    if found:
        text = f"{found['growth_mib']:.1f} MiB for {found['addresses']:,}"
        enough = found["addresses"] >= 10_000_000
        yield Verdict(
            "10 million client addresses grow the memory by less than 64 MiB", text, found["growth_mib"] < _MEMORY_MIB if enough else None
        )
