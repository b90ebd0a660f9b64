"""The probe as a subject, and a sheet of it in a second or two."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from buckler import Deadline, Guard, off
from buckler.balance import cost, pairs
from buckler.balance.pairs import Effort
from buckler.balance.subject import Subject
from buckler.balance.weigh import weigh
from buckler.testing import PROBE, SECRET, Probe
from tests.balance.machine import Machine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from buckler.balance.sheet import Sheet
    from buckler.core.protection import Protection
    from buckler.guard.plan import Off

WAITS = "its cases wait in real time"


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Differences are measured by this one's clock."""
    made = Machine()
    monkeypatch.setattr(pairs, "time", made)
    return made


@pytest.fixture
def sheet_of(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Sheet]:
    """A function that weighs the probe, with changes, under `buckler balance`'s own rules.

    `weighs` names the protections whose cost is measured (all of them takes its time), and `deadline` is left out because its
    cases wait in real time.
    """

    def make(*changes: Protection | Off, weighs: Sequence[str] = (), app: Any = None, target: Any = PROBE) -> Sheet:
        with monkeypatch.context() as patch:
            patch.setattr(cost, "QUICK", Effort(1, 2, 2))
            whole = cost.Scales.weigh

            async def some(self: cost.Scales, name: str) -> cost.Cost:
                return await whole(self, name) if name in weighs else cost.Cost()

            patch.setattr(cost.Scales, "weigh", some)
            guard = Guard(app or Probe(), off(Deadline, because=WAITS), *changes, hosts=["probe.example"], secrets=[SECRET])
            return asyncio.run(weigh(Subject("tests:app", guard, target), quick=True))

    return make
