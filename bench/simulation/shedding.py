"""Load shedding in one worker, request by request, with the guard's own rule for an event loop that is late."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Any, NamedTuple

from buckler.protections.overload.lag import Lag

if TYPE_CHECKING:
    from bench.simulation.inputs import Inputs

LOADS = (0.5, 0.9, 1.5, 3.0, 10.0)
PAGE_US = 1000.0  # assumed: a page that does some work. What refusing costs is measured
PATIENCE_S = 1.0  # after that nobody waits for the answer
CONNECTIONS = 2000  # that `buckler.serve` takes: more than so many requests are never read in one turn of the loop
TRIES, AGAIN_S = 3, (1.0, 5.0)  # who is turned away, or has waited in vain, asks again so often, so many seconds later
_ALLOWED_S = 0.005  # as `Overload.allowed_s`
_NOTICED_S = 0.05  # Overload.noticed_s
_SECONDS, _BEGIN_S = 20.0, 5.0  # what is counted begins later: the first seconds have nobody yet who asks again
_SEED = 20_261_121


class _Asked(NamedTuple):
    at_s: float
    number: int
    tries: int


@dataclass
class _Seen:
    offered: int = 0
    good: int = 0
    turned_away: int = 0
    waits_s: list[float] = field(default_factory=list)


def run(inputs: Inputs) -> list[dict[str, Any]]:
    return [play(inputs.refused_us / 1e6, load, sheds=sheds) for load in LOADS for sheds in (False, True)]


def play(refused_s: float, load: float, *, sheds: bool) -> dict[str, Any]:
    """Turns of an event loop: who has come before the turn began is served in it, in order, and then the timer that has come due."""
    page_s = PAGE_US / 1e6
    coming = _arrivals(load / page_s)
    seen, lag, now_s = _Seen(), Lag(_ALLOWED_S, _NOTICED_S), 0.0
    lag.begin(0.0)
    while coming and now_s < _SECONDS:
        now_s = max(now_s, min(coming[0].at_s, lag.due_s))
        began_s, ended = now_s, 0
        for _ in range(CONNECTIONS):
            if not coming or coming[0].at_s > began_s:
                break
            asked = heappop(coming)
            refuse = sheds and lag.is_too_late(now_s, 1)
            now_s += refused_s if refuse else page_s
            ended += not refuse
            is_good = not refuse and now_s - asked.at_s <= PATIENCE_S
            _count(seen, asked, now_s, refuse=refuse, is_good=is_good)
            if not is_good and asked.tries > 1:
                _come_again(coming, asked, now_s if refuse else asked.at_s + PATIENCE_S)
        if began_s >= lag.due_s:
            lag.look(now_s, ended)
    seen.waits_s.sort()
    lasted_s = max(_SECONDS, now_s) - _BEGIN_S
    return {
        "load": load,
        "sheds": sheds,
        "goodput": seen.good * page_s / lasted_s,
        "p50_ms": seen.waits_s[len(seen.waits_s) // 2] * 1e3,
        "p99_ms": seen.waits_s[len(seen.waits_s) * 99 // 100] * 1e3,
        "turned_away": seen.turned_away / seen.offered,
        "refusing": seen.turned_away * refused_s / lasted_s,
    }


def _count(seen: _Seen, asked: _Asked, now_s: float, *, refuse: bool, is_good: bool) -> None:
    if now_s < _BEGIN_S:
        return
    seen.offered += 1
    seen.turned_away += refuse
    seen.good += is_good
    if not refuse:
        seen.waits_s.append(now_s - asked.at_s)


def _come_again(coming: list[_Asked], asked: _Asked, since_s: float) -> None:
    """Spread over the seconds that `Retry-After` says; by the number, so that it is the same in every run."""
    part = (asked.number * 0.618_033_988_7 + asked.tries * 0.3) % 1
    heappush(coming, _Asked(since_s + AGAIN_S[0] + part * (AGAIN_S[1] - AGAIN_S[0]), asked.number, asked.tries - 1))


def _arrivals(per_s: float) -> list[_Asked]:
    chance = random.Random(f"{_SEED} {per_s}")  # noqa: S311  # the same arrivals every time
    found: list[_Asked] = []
    at_s = chance.expovariate(per_s)
    while at_s < _SECONDS:
        found.append(_Asked(at_s, len(found), TRIES))
        at_s += chance.expovariate(per_s)
    heapify(found)
    return found
