"""The targets of the accounts' part, written down before the measurement, and whether they were met."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

from bench.accounts import cast
from bench.accounts.rows import FLOODS, PEER
from bench.stats import span
from bench.targets import TO, Results, Verdict, X

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS = "buckler"
HASHES = 2  # at once: `Passwords.workers` by default
HASH_MIB = cast.MEMORY_KIB / 1024
REQUEST_MIB = 0.1  # what each request under way may hold besides
PAGES = {"/": "a page that does nothing", "/row": "a page that reads the database"}
_P99 = 3.0
_ENOUGH_TRIES = 200
_BY_KEY = {row.key: row for row in FLOODS}


def verdicts(results: Results) -> list[Verdict]:
    """Return every target with what was found."""
    return [*_tries(results), *_floods(results)]


def _tries(results: Results) -> Iterator[Verdict]:
    """The difference is within the noise; nothing is said of fewer tries, whose noise is large enough for everything."""
    for pair in results["tries"]:
        if pair["peer"] == OURS:
            enough = pair["tries"] >= _ENOUGH_TRIES
            found = f"{ms(pair['middle_us'])} ms, noise {ms(pair['noise_us'])} ms, {pair['tries']} tries"
            sentence = f"time does not tell: {pair['pair']}: medians differ by less than the noise"
            yield Verdict(sentence, found, pair["within_noise"] if enough else None)


def _floods(results: Results) -> Iterator[Verdict]:
    settings = results["settings"]
    enough = settings["rounds"] > 1
    for row in results["floods"]:
        flood = _BY_KEY[row["key"]]
        if flood.peer is not PEER[OURS]:
            continue
        for page, which in PAGES.items():
            slower = span(slowing(row, page))
            sentence = f"p99 of {which} while {settings['clients']} sign in ≤ {_P99:g} {X} calm: {flood.title}"
            text = f"{slower.middle:.2f} {X} ({slower.low:.2f}{TO}{slower.high:.2f})"
            yield Verdict(sentence, text, slower.middle <= _P99 if enough else None)
        bound = HASHES * HASH_MIB + settings["clients"] * REQUEST_MIB
        grown = median(growth(row))
        sentence = f"memory grows by at most {HASHES} hashes of {HASH_MIB:g} MiB and {REQUEST_MIB:g} MiB a request under way: {flood.title}"
        yield Verdict(sentence, f"{grown:.0f} of {bound:.0f} MiB", grown <= bound if enough else None)


def slowing(row: dict[str, Any], page: str) -> list[float]:
    """Return the p99 of the flood by that of the calm, round by round."""
    return [one["flood_us"][page]["p99"] / one["calm_us"][page]["p99"] for one in row["rounds"]]


def growth(row: dict[str, Any]) -> list[float]:
    """Return the MiB by which the highest in the flood exceeds what was held before."""
    return [one["peak_mib"] - one["before_mib"] for one in row["rounds"]]


def ms(us: float) -> str:
    """Write µs as ms, with as many digits as say something."""
    value = us / 1e3
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
