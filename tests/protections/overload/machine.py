"""A machine that is made up: one event loop with its turns, visitors who come by chance, handlers that compute and wait. Time is a number,
so every run is the same, and a minute of overload takes a second."""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from buckler.protections.overload import Overload
from buckler.protections.overload.load import Time
from tests.requests import request_of, site_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, MutableMapping

    from buckler.core.request import Request

READ_S, REFUSE_S, TURN_S = 20e-6, 15e-6, 10e-6  # what a server needs for a request, a refusal, and a turn of its loop

Step = tuple[str, float]  # "computes", "waits" or "takes" (one of the places, for so long)


class NoRoutes:
    """A router that knows of no route."""

    def endpoint(self, scope: MutableMapping[str, Any]) -> object | None:  # the contract hands it in
        return None


class Pool:
    """So many places; whoever finds none waits in line."""

    def __init__(self, places: int) -> None:
        self.free, self.line = places, list[Any]()


@dataclass
class Tally:
    """What became of the visitors: how long those took who were served, and when they came; how many were turned away."""

    served: list[tuple[float, float]] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)

    def between(self, begin_s: float, end_s: float) -> tuple[int, float, int]:
        """Return how many were served of those who came in between, the p99 of what it took them, and how many were turned away."""
        took = sorted(took for came, took in self.served if begin_s <= came < end_s)
        p99 = took[int(len(took) * 0.99)] if took else 0.0
        return len(took), p99, sum(begin_s <= came < end_s for came in self.refused)


class Machine:
    """Runs `Overload`'s own steps on made-up time. `handler` yields the steps of one request."""

    def __init__(
        self, handler: Callable[[], Iterator[Step]], *, places: int = 10, seed: int = 7, guarded: bool = True, **options: Any
    ) -> None:
        self.now_s = 0.0
        self._handler, self._pool, self._chance = handler, Pool(places), random.Random(seed)
        self._later: list[tuple[float, int, Callable[[], None]]] = []
        self._number = count()
        self._ready: list[Callable[[], None]] = []
        self._arrivals: list[tuple[float, Request]] = []
        self._leaving: list[tuple[float, Request]] = []
        self.tally = Tally()
        site = site_of(offers={"routes": NoRoutes()})
        self.steps = Overload(**options).steps(site)
        self.load = site.offers["overload"]
        self.load.use(Time(lambda: self.now_s, lambda: self))
        self._guarded = guarded

    def call_later(self, delay_s: float, call: Callable[..., None], *given: Any, context: Any = None) -> None:  # asyncio's
        heapq.heappush(self._later, (self.now_s + delay_s, next(self._number), lambda: call(*given)))

    def run(self, per_second: float, seconds: float) -> tuple[int, float, int]:
        """Let visitors come for so long, and serve until all are gone; return the tally of those who came after the first two seconds."""
        begin_s, came_s = self.now_s, self.now_s
        while came_s < begin_s + seconds:
            request = request_of(client=f"10.0.{self._chance.randrange(250)}.{self._chance.randrange(250)}")
            self._arrivals.append((came_s, request))
            came_s += self._chance.expovariate(per_second)
        self._arrivals.reverse()
        while self._arrivals or self._ready or self._leaving or self._working:
            self._turn()
        return self.tally.between(begin_s + 2, begin_s + seconds)

    _working = 0

    def _turn(self) -> None:
        if not self._ready and not self._leaving:
            upcoming = [self._later[0][0]] if self._later else []
            upcoming += [self._arrivals[-1][0]] if self._arrivals else []
            self.now_s = max(self.now_s, min(upcoming))
        self.now_s += TURN_S
        while self._later and self._later[0][0] <= self.now_s:
            heapq.heappop(self._later)[2]()
        ready, self._ready = self._ready, []
        for task in ready:
            task()
        for came_s, _ in self._leaving:
            self.tally.served.append((came_s, self.now_s - came_s))
        self._leaving = []
        while self._arrivals and self._arrivals[-1][0] <= self.now_s:
            came_s, request = self._arrivals.pop()
            self.now_s += READ_S
            self._ready.append(lambda came_s=came_s, request=request: self._take(came_s, request))  # type: ignore[misc]  # defaults bind

    def _take(self, came_s: float, request: Request) -> None:
        check, gate = self.steps.check, self.steps.gate
        assert check is not None
        assert gate is not None
        if self._guarded:
            refused = check(request)
            if refused is None:
                refused = gate.enter(request, {})
                if refused is not None:
                    gate.leave(request)
            if refused is not None:
                self.now_s += REFUSE_S
                self.tally.refused.append(came_s)
                return
        self._working += 1
        self._go_on(came_s, request, self._handler())

    def _go_on(self, came_s: float, request: Request, steps: Iterator[Step]) -> None:
        for kind, seconds in steps:
            if kind == "computes":
                self.now_s += seconds
                continue
            wait = (came_s, request, steps, seconds)
            if kind == "waits":
                self.call_later(seconds, lambda: self._ready.append(lambda: self._go_on(came_s, request, steps)))
            elif self._pool.free:
                self._hold(*wait)
            else:
                self._pool.line.append(wait)
            return
        self._working -= 1
        if self._guarded and self.steps.gate is not None and self.steps.gate.headed is not None:
            self.steps.gate.headed(request)
            self.steps.gate.leave(request)
        self._leaving.append((came_s, request))

    def _hold(self, came_s: float, request: Request, steps: Iterator[Step], seconds: float) -> None:
        self._pool.free -= 1

        def give_back() -> None:
            self._pool.free += 1
            if self._pool.line:
                self._hold(*self._pool.line.pop(0))
            self._go_on(came_s, request, steps)

        self.call_later(seconds, lambda: self._ready.append(give_back))
