"""A protection that gets dearer is seen here, by an exact count and not by a clock."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.inprocess import budget

ROOT = Path(__file__).resolve().parents[2]
_COUNT = "import json; from bench.inprocess import budget; print(json.dumps(budget.counted()))"


@pytest.fixture(scope="module")
def found() -> budget.Budget:
    """Counted in a process of its own: no other test's caches, and no other tool's tracing."""
    path = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    done = subprocess.run([sys.executable, "-c", _COUNT], env={"PYTHONPATH": path}, capture_output=True, text=True, check=True)
    counts: budget.Budget = json.loads(done.stdout)
    return counts


def test_within_the_budget(found: budget.Budget) -> None:
    written = budget.stored().get(budget.VERSION)
    assert written is not None, f"no budget for Python {budget.VERSION}: run `python -m bench budget` with it"
    off = budget.deviations(found, written)
    assert not off, "\n".join([*off, budget.UPDATE])


def test_counts_are_exact(found: budget.Budget) -> None:
    assert found == budget.counted()


def test_a_dearer_protection_is_seen(found: budget.Budget) -> None:
    dearer = {**found, "hosts": found["hosts"] + 10, "all": found["all"] + 10}
    assert [sentence.partition(":")[0] for sentence in budget.deviations(dearer, found)] == ["all", "hosts"]


def test_an_innocent_rewrite_is_not(found: budget.Budget) -> None:
    assert not budget.deviations({**found, "hosts": found["hosts"] + 1}, found)


def test_a_new_protection_needs_a_budget(found: budget.Budget) -> None:
    assert budget.deviations({**found, "moat": 1}, found) == ["moat: 1 bytecodes, and no budget"]


def test_a_protection_that_does_nothing_any_more_is_seen(found: budget.Budget) -> None:
    assert budget.deviations({**found, "hosts": 0}, found) == [f"hosts: 0 bytecodes, the budget is {found['hosts']}"]


def test_a_switched_off_protection_is_seen(found: budget.Budget) -> None:
    assert budget.deviations({name: count for name, count in found.items() if name != "hosts"}, found)
