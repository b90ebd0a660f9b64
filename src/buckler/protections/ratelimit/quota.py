"""One quota that a request draws on, and how it is asked of the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from buckler.core.store import Take, Taken
from buckler.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from buckler.core.rate import Rate
    from buckler.core.store import Op, Reply
    from buckler.protections.ratelimit.leases import Terms

_US_PER_MS = 1000
_DEBT_QUOTAS = 9  # how many quotas of processor time a client may owe; what it uses beyond that is not remembered


class Quota(NamedTuple):
    """`name` is shown to clients, `space` keeps counters apart, `counted` is whose quota it is. With `cpu`, rate and cost are milliseconds
    of processor time, and the cost is what is asked for in advance."""

    name: str
    rate: Rate
    space: str
    counted: str
    cost: int = 1
    guards: bool = False  # when the store is down, refuse
    lease: Terms | None = None
    cpu: bool = False


class Calls(NamedTuple):
    """A quota of calls: one Take."""

    key: str
    rate: Rate
    cost: int

    def ops(self) -> list[Op]:
        return [Take(self.key, self.rate.limit, self.rate.period_s, self.cost, follows=True)]

    def read(self, replies: Sequence[Reply]) -> Taken:
        return _taken(replies[0])


class Cpu(NamedTuple):
    """A quota of processor time, counted in microseconds. What a request costs is known when it is over, so a client may come to owe.

    GCRA on one number knows no debt. So the quota is kept as one that is as much larger as the debt that is remembered: to get in, a
    request asks for that much more than it needs, and gives it back at once. An empty quota is then one in debt, and must be paid before
    the next request.
    """

    key: str
    rate: Rate
    cost_us: int

    def take(self, cost_us: int, *, follows: bool = False, spent: bool = False) -> Take:
        """A Take on the larger quota."""
        times = _DEBT_QUOTAS + 1
        return Take(self.key, self.rate.limit * _US_PER_MS * times, self.rate.period_s * times, cost_us, follows, spent)

    def ops(self) -> list[Op]:
        debt_us = self.rate.limit * _US_PER_MS * _DEBT_QUOTAS
        return [self.take(self.cost_us + debt_us, follows=True), self.take(-debt_us, follows=True)]

    def read(self, replies: Sequence[Reply]) -> Taken:
        """The answer in milliseconds."""
        first, second = map(_taken, replies)
        shown = second if first.allowed else first
        left_ms = round(shown.remaining / _US_PER_MS) - self.rate.limit * _DEBT_QUOTAS
        return Taken(first.allowed, max(0, left_ms), first.retry_s, shown.reset_s)

    def settle(self, used_us: int) -> Take | None:
        """What to ask of the store when the request is over: the difference to what was asked for in advance."""
        more_us = used_us - self.cost_us
        return self.take(more_us, spent=more_us > 0) if more_us else None


def cpu(key: str, rate: Rate, cost_ms: int, expected_us: float) -> Cpu:
    """Ask in advance for `cost_ms`, or for what requests of this route have used lately; never for more than a whole quota."""
    return Cpu(key, rate, min(max(cost_ms * _US_PER_MS, round(expected_us)), rate.limit * _US_PER_MS))


def _taken(reply: Reply) -> Taken:
    if not isinstance(reply, Taken):
        raise StoreError("the store has answered a Take with something else")
    return reply
