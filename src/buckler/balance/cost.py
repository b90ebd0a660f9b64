"""What a protection costs on the application's routes and on its own cases: everything on, against everything but this one."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from itertools import count, cycle
from random import Random
from typing import TYPE_CHECKING, Any

from buckler.balance.benefit import with_options
from buckler.balance.count import counted
from buckler.balance.pairs import FULL, QUICK, Effort, differences, durations
from buckler.balance.record import Recording, record, routes_of
from buckler.core.clock import HandClock
from buckler.core.play import Player, Witness
from buckler.stores.memory import Memory

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping

    from buckler.balance.record import Route
    from buckler.balance.stage import Stage
    from buckler.core.case import Case
    from buckler.core.protection import Protection

_START_S = HandClock().now()
_STEP_S = 0.25  # between two readings of the clock, so that rate limits see an honest pace and sessions do not run out
_CLIENTS = 64  # addresses that take turns
_STEADY = 8  # counts until two in a row agree: the first run of a path fills caches

ALL, GUARD = "all", "guard"  # rows that are no protection: all together, and the guard with nothing on


@dataclass(slots=True)
class Cost:
    """Of one row. `bytecodes` and `us` by route; `us` are the paired differences themselves. `cases`: bytecodes by case."""

    bytecodes: dict[str, int] = field(default_factory=dict)
    us: dict[str, list[float]] = field(default_factory=dict)
    cases: dict[str, int] = field(default_factory=dict)
    refusal_us: list[float] = field(default_factory=list)

    def dearest(self, routes: Collection[str]) -> str | None:
        """Return which of `routes` it costs most bytecodes on; None when it was weighed on none of them.

        The road not taken is a mean over routes: where half of them pay and half do not, it is true of none.
        """
        weighed = [name for name in routes if name in self.bytecodes]
        return max(weighed, key=lambda name: self.bytecodes[name]) if weighed else None


class _Steps:
    """A clock that moves at every reading, at the cost of the machine's own: a C function."""

    def __init__(self) -> None:
        self.now = count(_START_S + 1, _STEP_S).__next__
        self.monotonic = count(1, _STEP_S).__next__


class _Wire:
    """Sends recorded requests, over and over, to one guard around the recorded application."""

    def __init__(self, app: Any, recording: Recording) -> None:
        self._app, self._body = app, recording.body
        self.status = 0
        self._scopes = cycle([{**recording.scope, "client": (f"198.18.0.{number}", 50_000)} for number in range(_CLIENTS)])

    async def send(self, requests: int) -> None:
        """Send so many, one after the other."""
        app, scopes, receive, hear = self._app, self._scopes, self._receive, self._hear
        for _ in range(requests):
            await app(dict(next(scopes)), receive, hear)

    async def _receive(self) -> dict[str, Any]:
        return {"type": "http.request", "body": self._body, "more_body": False}

    async def _hear(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]


class Scales:
    """Weighs protections on one stage. `seed` decides the order within pairs and nothing else."""

    def __init__(self, stage: Stage, *, seed: int = 1, quick: bool = False) -> None:
        self._stage, self._chance = stage, Random(seed)  # noqa: S311  # an order, not a secret
        self._effort: Effort = QUICK if quick else FULL
        self.routes: list[Route] = []
        self.unweighed: list[str] = []
        self._recordings: dict[str, Recording] = {}

    async def prepare(self) -> None:
        """Record every route. One that does not reach the application, or fails there, is not weighed."""
        for route in routes_of(self._stage):
            recording = await record(self._stage, route, HandClock(_START_S))
            if recording.status < 500:
                self.routes.append(route)
                self._recordings[route.name] = recording
            else:
                self.unweighed.append(route.name)

    async def weigh(self, name: str) -> Cost:
        """Return what the row `name` costs: a protection, `ALL` of them together, or the `GUARD` with none."""
        cost = Cost()
        for route in self.routes:
            recording = self._recordings[route.name]
            on, off = await self._sides(name, recording)
            if not on.status == off.status == recording.status:
                continue  # the application needs this protection, or its own limits end the measurement: no like for like
            cost.bytecodes[route.name] = await self._steady(on) - await self._steady(off)
            found = cost.us[route.name] = []
            for _ in range(self._effort.builds):
                on, off = await self._sides(name, recording)
                found += await differences(on.send, off.send, self._effort, self._chance)
        if name in self._stage.protections:
            await self._weigh_cases(self._stage.protections[name], cost)
        return cost

    async def _sides(self, name: str, recording: Recording) -> tuple[_Wire, _Wire]:
        every, none = self._stage.names, frozenset[str]()
        on, off = {ALL: (every, none), GUARD: (none, None)}.get(name, (every, every - {name}))
        sides = [await self._wire(keep, recording) for keep in (on, off)]
        for side in sides:
            await side.send(2 * _CLIENTS)  # every address has been seen: what the guard remembers of it is there
        return sides[0], sides[1]

    async def _wire(self, keep: Collection[str] | None, recording: Recording) -> _Wire:
        if keep is None:
            return _Wire(recording.play, recording)
        clock = _Steps()
        store = Memory(clock=clock)
        await store.batch(list(recording.ops))
        return _Wire(self._stage.guard(keep, recording.play, clock=clock, store=store), recording)

    async def _steady(self, side: _Wire) -> int:
        return await _steady(lambda: side.send(1), self._files())

    def _files(self) -> frozenset[str]:
        """The files of protections that are not Buckler's own: their bytecodes count as well."""
        return frozenset(filter(None, (inspect.getsourcefile(type(item)) for item in self._stage.protections.values())))

    async def _weigh_cases(self, protection: Protection, cost: Cost) -> None:
        name = protection.card.name
        for case in protection.cases:
            if not self._stage.target.plays(case) or not _calm(case):
                continue
            changed = {name: with_options(protection, case)}
            on = await self._conversation(case, self._stage.names, changed)
            cost.cases[case.name] = on - await self._conversation(case, self._stage.names - {name}, {})
            if not cost.refusal_us and case.refused and not case.site and not case.options and _single(case):
                cost.refusal_us = await self._refusal(case)

    async def _conversation(self, case: Case, keep: Collection[str], changed: Mapping[str, Protection]) -> int:
        """The bytecodes of a whole conversation. Each count has its own guard, whose making is not counted."""
        players = [self._stage.player(case, keep, changed) for _ in range(_STEADY)]
        return await _steady(lambda: players.pop().play(case), self._files())

    async def _refusal(self, case: Case) -> list[float]:
        """How long a refusal takes, from request to answer, with everything on. [] when the case is not refused at once."""
        tape = Recording()
        witness = Witness(tape.play)
        catch = _Catch()
        clock = HandClock()
        await Player(catch, witness, self._stage.target, clock).play(case)
        tape.scope = catch.scope
        wire = await self._wire(self._stage.names, tape)
        await wire.send(1)
        return await durations(wire.send, self._effort) if wire.status in range(400, 500) else []


class _Catch:
    """Keeps the scope of the last request, and answers nothing of interest."""

    def __init__(self) -> None:
        self.scope: dict[str, Any] = {}

    async def __call__(self, scope: MutableMapping[str, Any], _receive: Any, send: Any) -> None:
        self.scope = dict(scope)
        await send({"type": "http.response.start", "status": 204, "headers": []})


def _calm(case: Case) -> bool:
    """Whether nothing in the case depends on real time passing, which would make counts differ from run to run."""
    return all(not turn.pause_s and turn.at != "{slow}" and turn.times <= 50 for turn in case.turns)


def _single(case: Case) -> bool:
    turn = case.turns[-1]
    return len(case.turns) == 1 and turn.kind == "http" and turn.times == 1 and not turn.chunks and not turn.body


async def _steady(act: Callable[[], Awaitable[Any]], files: frozenset[str]) -> int:
    """Count the bytecodes of `act` until two counts in a row agree, and return that number."""
    before = -1
    for _ in range(_STEADY):
        with counted(files) as counter:
            await act()
        if counter.count == before:
            break
        before = counter.count
    return counter.count
