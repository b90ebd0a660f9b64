"""Who is at work, and who is turned away. One of it in each worker process; one timer, and no lock."""

from __future__ import annotations

import asyncio
import math
from contextvars import Context
from itertools import cycle
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from buckler.protections.overload.shares import MARK, PATIENCE, SIGNED_IN, claims

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping, Sequence

    from buckler.core.answer import Refusal
    from buckler.core.request import Request
    from buckler.protections.overload.gradient import Gradient
    from buckler.protections.overload.lag import Lag
    from buckler.protections.overload.shares import Shares

_A_MOMENT_S = 1e-9
_ENDED_S = 5.0  # without a look: the event loop is another one by now
_IDLE_LOOKS = 200  # a second without a request: the timer sleeps until the next one


class Answers(NamedTuple):
    """What is said. The first of each two goes with the mark that the guard asks the router for."""

    full: Sequence[tuple[Refusal, Refusal]]  # one for each `Retry-After`, so that not all come back at once
    client: Refusal


class Time(NamedTuple):
    """The machine's own, never the site's: how late an event loop is cannot be set by hand. Tests hand in a machine that they made up."""

    monotonic: Callable[[], float] = monotonic
    loop: Callable[[], Any] = asyncio.get_running_loop


class State(NamedTuple):
    """What can be told of a worker's load. `limit` and `working`: how many requests may be, and are, at work; `clients`: how many have a
    request here; `calm_s`: the mean time of a request in calm; `late`: whether the event loop has a queue that only grows; `allowed_s`: how
    late one may then come."""

    limit: int
    working: int
    clients: int
    calm_s: float
    late: bool
    allowed_s: float


class Load:
    """Counts who is at work. A request is at work from when it is let in until its response head leaves, without the time in which
    its client still sends the body: a slow client holds a connection, and no place. WebSockets and what streams hold none either."""

    def __init__(
        self,
        gradient: Gradient,
        lag: Lag,
        shares: Shares,
        answers: Answers,
        *,
        per_client: int,
    ) -> None:
        self._gradient, self._lag, self._shares = gradient, lag, shares
        self._client_refusal, self._full = answers.client, cycle(answers.full)
        self._per_client, (self._monotonic, self._running_loop) = per_client, Time()
        self._clients: dict[str, int] = {}  # requests inside, also those that stream
        self._working, self._limit = 0, int(gradient.limit)
        self._late_s = -math.inf  # until when the loop is on time, or not known to be late
        self._strict = False  # whether requests are judged before anything is done for them
        self._times_s: list[float] = []  # what each took that has ended in this window, …
        self._ended_before = 0  # … and how many had at the last look
        self._over: dict[Request, str] = {}  # who has come in over the limit, by which share, …
        self._taken = dict.fromkeys(PATIENCE, 0)  # … how many by each, …
        self._room = shares.room(self._limit)  # … and how many may
        self._loop: asyncio.AbstractEventLoop | None = None
        self._context = Context()
        self._round = self._idle_looks = 0

    def use(self, time: Time) -> None:
        """Live in another time than the machine's."""
        self._monotonic, self._running_loop = time

    @property
    def state(self) -> State:
        """What it looks like now."""
        return State(self._limit, self._working, len(self._clients), self._gradient.calm_s, self._lag.strained, self._lag.allowed_s)

    # ---- on the way in

    def check(self, request: Request) -> Refusal | None:
        """Turn away, when there is no room, who would have the store asked for a session. Who would not is judged at the gate, so that what
        a cache can answer is answered in any overload. One look at a flag, unless it is so at the moment."""
        return self._closely(request) if self._strict and claims(request) else None

    def _closely(self, request: Request) -> Refusal | None:
        now_s = self._monotonic()
        if now_s >= self._late_s:
            self._follow(now_s)
        share = self._shares.marked(request) or SIGNED_IN
        if not self._is_too_late(now_s, share) and (self._working < self._limit or self._taken[share] < self._room[share]):
            return None  # they must show it at the gate
        marked, plain = next(self._full)
        return marked if self._shares.may_be_marked(request) else plain

    def _is_too_late(self, now_s: float, share: str) -> bool:
        return self._lag.is_too_late(now_s, PATIENCE[share])

    def told(self, request: Request, what: Refusal) -> None:
        """Keep that the router knew of no mark, when a refusal that asked for one stands."""
        if what.mark == MARK:
            self._shares.is_plain(request)

    # ---- at the gate

    def enter(self, request: Request, scope: MutableMapping[str, Any]) -> Refusal | None:
        """Count the request in. Refuses a client that has too many inside, and who has no room left in any share."""
        clients, client = self._clients, request.client
        inside = clients[client] = clients.get(client, 0) + 1
        if inside > self._per_client:
            return self._client_refusal
        if request.kind != "http":
            return self._handshake(request, scope)
        now_s = request.entered_s = self._monotonic()
        working = self._working = self._working + 1
        if working <= self._limit and now_s < self._late_s:
            return None
        return self._by_share(request, scope, now_s)

    def _handshake(self, request: Request, scope: MutableMapping[str, Any]) -> Refusal | None:
        """A WebSocket holds no place, but making one is work."""
        now_s = self._monotonic()
        if now_s >= self._late_s:
            self._follow(now_s)
        return next(self._full)[1] if self._is_too_late(now_s, self._shares.of(request, scope)) else None

    def _by_share(self, request: Request, scope: MutableMapping[str, Any], now_s: float) -> Refusal | None:
        if now_s >= self._late_s:
            self._follow(now_s)
        if self._working <= self._limit and not self._lag.strained:
            return None
        self._strict = True
        share = self._shares.of(request, scope)
        if self._is_too_late(now_s, share):
            return next(self._full)[1]
        if self._working <= self._limit:
            return None
        if self._taken[share] >= self._room[share]:
            return next(self._full)[1]
        self._taken[share] += 1
        self._over[request] = share
        return None

    # ---- on the way out

    def headed(self, request: Request) -> None:
        """The response head leaves: the work is done."""
        entered_s = request.entered_s
        if entered_s:
            request.entered_s = 0.0
            self._working -= 1
            self._times_s.append(self._monotonic() - entered_s)  # all else is the timer's work: this is every request's
            if self._over:
                self._give_back(request)

    def leave(self, request: Request) -> None:
        """The application is done, however it ended."""
        if request.entered_s:
            self._working -= 1
            self._give_back(request)
        clients, client = self._clients, request.client
        inside = clients[client] - 1
        if inside:
            clients[client] = inside
        else:
            del clients[client]

    def _give_back(self, request: Request) -> None:
        share = self._over.pop(request, None)
        if share is not None:
            self._taken[share] -= 1

    # ---- while the client sends

    def paused(self, request: Request) -> None:
        """The application waits for its client."""
        if request.entered_s:
            self._working -= 1
            # Less than nothing: what it has taken so far, until …
            request.entered_s = request.entered_s - self._monotonic() or -_A_MOMENT_S

    def resumed(self, request: Request) -> None:
        """A piece of the body is here."""
        if request.entered_s:
            self._working += 1
            request.entered_s += self._monotonic()  # … it goes on, as if the wait had not been

    # ---- the timer

    def _follow(self, now_s: float) -> None:
        """Start the timer where it does not run: at the first request, after a rest, in another event loop."""
        loop = self._running_loop()
        if loop is self._loop:
            return
        self._loop = loop
        self._times_s.clear()  # those that nobody has looked at: the last loop ended before it did
        self._round, self._ended_before = self._round + 1, 0
        self._lag.begin(now_s)
        self._strict = False
        self._idle_looks = 0
        self._later(loop)

    def _later(self, loop: asyncio.AbstractEventLoop) -> None:
        # While nobody is turned away for being late, all there is to notice is that the timer's loop has ended.
        self._late_s = self._lag.due_s + (self._lag.allowed_s if self._lag.strained else _ENDED_S)
        # In a context of its own: that of the request which happened to start it would live on with it.
        loop.call_later(self._lag.every_s, self._look, loop, self._round, context=self._context)

    def _look(self, loop: asyncio.AbstractEventLoop, turn: int) -> None:
        if turn != self._round:
            return  # the timer of a loop that another one has followed
        now_s, times_s = self._monotonic(), self._times_s
        ended = len(times_s) - self._ended_before
        self._lag.look(now_s, ended)
        self._shares.refresh()
        if self._gradient.look(now_s, self._working, times_s):
            times_s.clear()
        self._ended_before, self._limit = len(times_s), int(self._gradient.limit)
        self._room = self._shares.room(self._limit)
        self._strict = self._lag.strained or self._working >= self._limit
        self._idle_looks = 0 if ended or self._working else self._idle_looks + 1
        if self._idle_looks < _IDLE_LOOKS:
            self._later(loop)
        else:
            self._loop, self._late_s = None, -math.inf
