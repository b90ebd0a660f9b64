"""The page is what the committed results say, the results are of the committed measurements, and the same every time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from bench.servers import ROOT
from bench.simulation import leases, losses, page, pushes, shedding
from bench.simulation.inputs import Inputs

if TYPE_CHECKING:
    from collections.abc import Callable

RESULTS = json.loads(page.newest().read_text())
INPUTS = Inputs(**RESULTS["inputs"])


def test_the_page_is_what_the_results_say() -> None:
    assert page.PAGE.read_text(encoding="utf-8") == page.text(page.newest()), "run `python -m bench.simulation --page`"


def test_the_results_are_of_measurements_that_are_there() -> None:
    for file in RESULTS["from"].values():
        assert (ROOT / file).exists()


def test_nobody_gets_more_than_the_bound() -> None:
    rows = [row for row in RESULTS["leases"] if row["leased"]]
    assert {row["nodes"] for row in rows} == set(leases.NODES)
    assert all(row["excess"] <= row["bound"] for row in rows)
    assert all(row["of_quota"] <= 1 for row in RESULTS["leases"])
    assert all(row["excess"] <= 1e-5 for row in RESULTS["leases"] if not row["leased"])


def test_a_full_store_is_said_to_be_full() -> None:
    for row in RESULTS["pushes"]:
        assert (row["stale_p99_ms"] is None) == (row["store_busy"] > 0.95)


@pytest.mark.parametrize("run", [pushes.run, losses.run], ids=["pushes", "losses"])
def test_it_is_the_same_every_time(run: Callable[[Inputs], list[object]]) -> None:
    name = run.__module__.rsplit(".", 1)[1]
    assert run(INPUTS) == RESULTS[name]


def test_a_worker_that_is_not_overloaded_turns_nobody_away() -> None:
    found = shedding.play(INPUTS.refused_us / 1e6, 0.5, sheds=True)
    assert found["turned_away"] == 0
    assert found["goodput"] == pytest.approx(0.5, rel=0.05)
