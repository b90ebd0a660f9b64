"""The sheet itself: cost beside benefit, liabilities, and what must not be so."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any

from buckler.balance.benefit import Played, Verdict, count
from buckler.balance.pairs import Interval, interval
from buckler.balance.record import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from buckler.balance.cost import Cost
    from buckler.balance.record import Route

FORMAT = 1  # of the JSON
_STOPS = (Verdict.ALONE, Verdict.ALSO)
_WITH_TEETH = (*_STOPS, Verdict.OTHERS, Verdict.THROUGH)


@dataclass(frozen=True, slots=True)
class Share:
    """A cost on one route: bytecodes and µs."""

    route: str
    bytecodes: int
    us: Interval


@dataclass(slots=True)
class Row:
    """One protection, or "all"/"guard". `by_kind` has, for each kind of route, the one on which it costs most."""

    name: str
    report_only: bool = False
    by_kind: dict[str, Share] = field(default_factory=dict)
    refusal_us: Interval | None = None
    by_route: dict[str, Share] = field(default_factory=dict)
    case_bytecodes: dict[str, int] = field(default_factory=dict)
    played: list[Played] = field(default_factory=list)
    elsewhere: list[Played] = field(default_factory=list)  # what the application left undecided, on one that trusts everybody

    def how_many(self, *verdicts: Verdict) -> int:
        """Return how many cases ended in one of these ways on the application."""
        return sum(count(self.played, verdict) for verdict in verdicts)

    def stopped_elsewhere(self) -> int:
        """Return how many attacks it stops, alone or not, on the application that trusts everybody alone."""
        return sum(count(self.elsewhere, verdict) for verdict in _STOPS)

    def median_case_bytecodes(self) -> int | None:
        """Return the median over its cases' whole conversations; None when none was weighed. Negative: refusing spares more."""
        return round(median(self.case_bytecodes.values())) if self.case_bytecodes else None

    @property
    def stops(self) -> int:
        """How many attacks it stops, here or elsewhere, alone or with others."""
        return self.how_many(*_STOPS) + self.stopped_elsewhere()

    def failures(self) -> list[str]:
        """Return what must not be so, in sentences."""
        every = [*self.played, *self.elsewhere]
        through = [] if self.report_only else [item for item in every if item.verdict == Verdict.THROUGH]
        found = [f"{self.name}.{item.name} gets through with everything on: {item.story}" for item in through]
        found += [
            f"{self.name}.{item.name}: an honest visitor is turned away{f' by {by}' if (by := ', '.join(item.by)) else ''}. {item.story}"
            for item in every
            if item.verdict == Verdict.REFUSED
        ]
        if not self.report_only and any(item.verdict in _WITH_TEETH for item in every) and not self.stops:
            found.append(f"{self.name} stops nothing of what it claims to stop")
        return found

    def note(self) -> str:
        """Return what a reader must know about this row, or ""."""
        if self.report_only:
            return "report-only: stops nothing"
        if not any(not item.honest for item in self.played):
            return "claims to stop nothing"
        if not self.stops:
            return "stops nothing of what it claims"
        if self.how_many(Verdict.ALONE):
            return ""
        others = dict.fromkeys(name for item in self.played if item.verdict == Verdict.ALSO for name in item.by if name != self.name)
        parts = [f"{', '.join(others)} would stop the same"] if others else []
        for verdict, meaning in _WHY_NOT.items():
            if number := sum(item.verdict == verdict and not item.honest for item in self.played):
                parts.append(f"{number} {meaning}")
        return f"alone it stops nothing here ({'; '.join(parts)})"


_WHY_NOT = {
    Verdict.NOT_PLAYED: "without a place",
    Verdict.NEEDED: "not to be tried, because the application does not work without it",
    Verdict.FAILS: "on which the application fails",
    Verdict.WITHSTOOD: "that fail here even with everything off",
    Verdict.OTHERS: "stopped by others only",
}


@dataclass(frozen=True, slots=True)
class Liability:
    """What is switched off or only reported, why, and which of its attacks succeed for that reason."""

    name: str
    mode: str  # "off" or "report-only"
    because: str
    open: tuple[str, ...]


@dataclass(slots=True)
class Sheet:
    """All of it. `failures` empty means: everything that is on does what it says, and hinders nobody."""

    app: str
    python: str
    quick: bool
    seed: int
    routes: list[str]
    rows: list[Row]
    all: Row
    guard: Row
    liabilities: list[Liability]
    remarks: list[str]
    changes: list[str] = field(default_factory=list)  # what is worse than in the sheet that this one was compared with

    @property
    def failures(self) -> list[str]:
        """Sentences; the command fails when there is one."""
        return [sentence for row in self.rows for sentence in row.failures()] + self.changes

    def as_json(self) -> dict[str, Any]:
        """Return the sheet as plain values. Everything but what is called `us` is the same on every run."""
        return {"format": FORMAT, **asdict(self), "failures": self.failures}


def filled(row: Row, cost: Cost, routes: Sequence[Route]) -> Row:
    """Return `row` with its costs."""
    row.by_route = {name: Share(name, cost.bytecodes[name], interval(cost.us[name])) for name in cost.bytecodes}
    for kind in Kind:
        dearest = cost.dearest([route.name for route in routes if route.kind == kind])
        if dearest is not None:
            row.by_kind[kind.value] = row.by_route[dearest]
    row.case_bytecodes = cost.cases
    row.refusal_us = interval(cost.refusal_us) if cost.refusal_us else None
    return row
