"""The figures of docs/why/brute-force.md are those of the defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.accounts.throttle import Throttle
from buckler.core.rate import rate
from buckler.core.store import Take, gcra
from tests.docs.pages import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

DAY_S = 86_400
YEAR_S = 365 * DAY_S
PERIODS = {"a minute": 60, "an hour": 3600, "a day": DAY_S, "30 days": 30 * DAY_S, "the first year": YEAR_S}
DEFAULT = Throttle()
PAGE = " ".join((ROOT / "docs" / "why" / "brute-force.md").read_text(encoding="utf-8").split())


def guesses(rates: Sequence[str], end_s: float) -> int:
    """How many attempts somebody gets who comes back exactly when told."""
    takes = [Take("k", *rate("rate", text)) for text in rates]
    due, now_s, made = [0.0] * len(takes), 1_800_000_000.0, 0
    began_s = now_s
    while now_s - began_s <= end_s:
        answers = [gcra(due_s, now_s, take) for due_s, take in zip(due, takes, strict=True)]
        if all(taken.allowed for _, taken in answers):
            due = [due_s for due_s, _ in answers]
            made += 1
        else:
            now_s += max(taken.retry_s for _, taken in answers)
    return made


def test_guesses_on_one_account() -> None:
    crowd = guesses([DEFAULT.crowd_account], YEAR_S)
    assert crowd == 131
    for name, period_s in PERIODS.items():
        one = guesses(DEFAULT.account, period_s)
        many = one + (crowd if period_s == YEAR_S else 0)
        assert f"| {name} | {one:,} | {many:,} |" in PAGE


def test_guesses_on_all_accounts() -> None:
    first_day, year = guesses(DEFAULT.client, DAY_S), guesses(DEFAULT.client, YEAR_S)
    assert f"gets {first_day:,} attempts on the first day and {round(year, -3):,} in a year" in PAGE
    share = guesses([DEFAULT.crowd_client], DAY_S)
    assert f"the crowd's share of {share} for each" in PAGE

    assert f"get {guesses([DEFAULT.total], DAY_S):,} a day while `total` holds" in PAGE
    assert f"at most {10_000 * share:,} more" in PAGE


def test_what_the_letter_of_the_standard_costs() -> None:
    assert guesses([*DEFAULT.account[:-1], "100/365d"], YEAR_S) == 200
