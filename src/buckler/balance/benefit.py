"""What a protection stops, found by playing: with everything on, with everything but it, with nothing but it, with nothing.

The four answers together say more than any of them. An attack that succeeds only when this protection is off is stopped by it
alone; one that fails even then is stopped by another too; one that fails with everything off proves nothing here.
"""

from __future__ import annotations

from dataclasses import dataclass, is_dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from buckler.balance.stage import Stage
    from buckler.core.case import Case, Transcript
    from buckler.core.protection import Protection


class Verdict(StrEnum):
    """How a case ended. The first seven are of attacks, the next three of honest traffic."""

    ALONE = "alone"  # stopped, and it succeeds as soon as this one protection is off
    ALSO = "also"  # stopped by this one, and by another too
    OTHERS = "others"  # stopped, but not by this one, though it says it would
    THROUGH = "through"  # succeeds with everything on
    WITHSTOOD = "withstood"  # fails with everything off: the application needs no help here, or takes nothing of this form
    FAILS = "fails"  # cannot be told: the application itself answers with an error
    NEEDED = "needed"  # cannot be tried: the application does not work without this protection
    SERVED = "served"
    REFUSED = "refused"  # an honest visitor was turned away
    UNABLE = "unable"  # the application does not serve this even without a guard
    NOT_PLAYED = "not played"  # the application has no such place


@dataclass(frozen=True, slots=True)
class Played:
    """One case and its end. `by`: the protections that stop it, or that turned the honest visitor away."""

    name: str
    story: str
    honest: bool
    verdict: Verdict
    by: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


async def play_all(stage: Stage, protection: Protection) -> list[Played]:
    """Play every case of `protection` and return how each ended, in the order of its cases."""
    return [await _judge(stage, protection, case) for case in protection.cases]


UNDECIDED = frozenset({Verdict.NOT_PLAYED, Verdict.NEEDED, Verdict.FAILS, Verdict.WITHSTOOD, Verdict.UNABLE})


async def play_elsewhere(careless: Stage, protection: Protection, played: Sequence[Played]) -> list[Played]:
    """Play the cases that the application left undecided on an application that trusts everybody."""
    undecided = {item.name for item in played if item.verdict in UNDECIDED}
    return [await _judge(careless, protection, case) for case in protection.cases if case.name in undecided]


async def open_attacks(stage: Stage, protection: Protection) -> list[str]:
    """Return the names of the protection's attacks that succeed on the application as it is configured, without it."""
    cases = [case for case in protection.cases if not case.honest and stage.target.plays(case)]
    return [case.name for case in cases if case.succeeds(await stage.play(case, stage.names))]


async def _judge(stage: Stage, protection: Protection, case: Case) -> Played:
    def ended(verdict: Verdict, by: Collection[str] = ()) -> Played:
        return Played(case.name, case.story, case.honest, verdict, tuple(by), tuple(case.sources))

    if not stage.target.plays(case):
        return ended(Verdict.NOT_PLAYED)
    plays = _Plays(stage, protection, case)
    all_on = await plays.with_only(stage.names)
    if case.honest:
        return ended(*await _honest(plays, all_on))
    if case.succeeds(all_on):
        return ended(Verdict.THROUGH)
    without = await plays.with_only(stage.names - {plays.name})
    if case.succeeds(without):
        return ended(Verdict.ALONE, [plays.name])
    return ended(*await _overlap(plays, without))


class _Plays:
    """One case under several settings, with the protection as the case wants it: as configured, with the case's own options."""

    def __init__(self, stage: Stage, protection: Protection, case: Case) -> None:
        self.stage, self.case, self.name = stage, case, protection.card.name
        self._it = with_options(protection, case)
        # What this protection, or the application itself, cannot work without stays on when "nothing" is on.
        self.floor: frozenset[str] = frozenset()
        self.needs = frozenset(protection.card.needs) & stage.names

    async def with_only(self, keep: Collection[str]) -> Transcript:
        changed = {self.name: self._it} if self.name in keep else {}
        return await self.stage.play(self.case, keep, changed)

    async def with_nothing(self) -> Transcript:
        """Play with all off; where the application then fails, with what it needs to work at all (sessions, say): the floor."""
        heard = await self.with_only(self.floor)
        if _failed(heard) and not self.floor:
            self.floor = self.stage.needed - {self.name}
            heard = await self.with_only(self.floor) if self.floor else heard
        return heard


def with_options(protection: Protection, case: Case) -> Protection:
    """Return the protection as it is configured, with the options that the case names."""
    if not case.options:
        return protection
    kind: Any = type(protection)
    made: Protection = replace(protection, **case.options) if is_dataclass(kind) else kind(**case.options)  # type: ignore[type-var]  # the line asks  # is_dataclass
    return made


def _failed(heard: Transcript) -> bool:
    """Whether the application, and not a refusal, ended a turn with an error."""
    return any(item.status >= 500 and item.code in {"", "app.failed"} for item in heard)


async def _honest(plays: _Plays, all_on: Transcript) -> tuple[Verdict, Collection[str]]:
    if plays.case.succeeds(all_on) and not all_on[-1].refused:
        return Verdict.SERVED, ()
    if not plays.case.succeeds(await plays.with_nothing()):
        return Verdict.UNABLE, ()
    code = all_on[-1].code.partition(".")[0]
    return Verdict.REFUSED, [code] if code in plays.stage.names else []


async def _overlap(plays: _Plays, without: Transcript) -> tuple[Verdict, Collection[str]]:
    """Find who else stops it, and whether this protection does at all."""
    succeeds = plays.case.succeeds
    nothing = await plays.with_nothing()
    if not succeeds(nothing):
        if not (_failed(nothing) or _failed(without)):
            return Verdict.WITHSTOOD, ()
        return (Verdict.NEEDED if plays.name in plays.stage.needed else Verdict.FAILS), ()
    others = [name for name in plays.stage.protections if name != plays.name]
    stoppers = [name for name in others if not succeeds(await plays.with_only({name} | plays.floor))]
    itself = not succeeds(await plays.with_only({plays.name} | plays.needs | plays.floor))
    return (Verdict.ALSO, [plays.name, *stoppers]) if itself else (Verdict.OTHERS, stoppers)


def count(played: Collection[Any], verdict: Verdict) -> int:
    """Return how many of `played` ended so."""
    return sum(item.verdict == verdict for item in played)
