"""From a subject to its sheet."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from buckler.balance.benefit import open_attacks, play_all, play_elsewhere
from buckler.balance.cost import ALL, GUARD, Cost, Scales
from buckler.balance.sheet import Liability, Row, Sheet, filled
from buckler.balance.stage import staged
from buckler.protections import DEFAULTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from buckler.balance.stage import Stage
    from buckler.balance.subject import Subject

    Progress = Callable[[str, int, int], None]  # what is at work, how much is done, of how much


def _silent(what: str, done: int, of: int) -> None:
    """Report to nobody."""


async def weigh(subject: Subject, *, seed: int = 1, quick: bool = False, progress: Progress = _silent) -> Sheet:
    """Start the subject's application, play every case on it, weigh every protection, and return the sheet.

    The same subject and Python give the same sheet, but for the microseconds. Raises `BackendError` when it does not start.
    """
    async with staged(subject) as stage:
        scales = Scales(stage, seed=seed, quick=quick)
        await scales.prepare()
        careless = stage.careless()
        names = [*stage.protections, ALL, GUARD]
        costs: dict[str, Cost] = {}
        rows: list[Row] = []
        steps = len(names) + len(stage.protections)
        for name, protection in stage.protections.items():
            progress(f"plays {name}", len(rows), steps)
            played = await play_all(stage, protection)
            elsewhere = await play_elsewhere(careless, protection, played)
            rows.append(Row(name, protection.report_only, played=played, elsewhere=elsewhere))
        for name in names:
            progress(f"weighs {name}", len(rows) + len(costs), steps)
            costs[name] = await scales.weigh(name)
        progress("done", steps, steps)
        return Sheet(
            app=subject.name,
            python=f"{sys.version_info.major}.{sys.version_info.minor}",
            quick=quick,
            seed=seed,
            routes=[route.name for route in scales.routes],
            rows=[filled(row, costs[row.name], scales.routes) for row in rows],
            all=filled(Row(ALL), costs[ALL], scales.routes),
            guard=filled(Row(GUARD), costs[GUARD], scales.routes),
            liabilities=await _liabilities(stage, subject),
            remarks=[*subject.remarks, *(f"{name} was not weighed: the application fails there." for name in scales.unweighed)],
        )


async def _liabilities(stage: Stage, subject: Subject) -> list[Liability]:
    kinds = {kind.card.name: kind for kind in DEFAULTS}
    found = []
    for item in subject.guard.plan.liabilities:
        kind = kinds.get(item.name)
        found.append(Liability(item.name, "off", item.because, tuple(await open_attacks(stage, kind()) if kind else ())))
    for name, protection in stage.protections.items():
        if protection.report_only:
            found.append(Liability(name, "report-only", "it reports and lets pass", tuple(await open_attacks(stage, protection))))
    return found
