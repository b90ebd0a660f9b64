"""Leases over many nodes. Not a model: the limits themselves run, one for each node, on one store in memory and a clock moved by hand."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any, NamedTuple

from buckler.core.clock import HandClock
from buckler.core.event import Events
from buckler.core.rate import Rate
from buckler.core.request import Request
from buckler.core.sign import Keys
from buckler.core.site import Site
from buckler.protections.ratelimit.leases import Terms
from buckler.protections.ratelimit.limits import Limits
from buckler.protections.ratelimit.quota import Quota
from buckler.stores.memory import Memory

if TYPE_CHECKING:
    from buckler.core.store import Op, Reply

NODES = (1, 10, 100, 1000)
SHARE, LEASE_S = 0.1, 1.0
_SECRET = "a secret of the simulation: thirty-two bytes"
_SEED = 20_261_121


class Story(NamedTuple):
    """Who asks: `rate_per_s` requests a second, for `seconds`, of a quota of `per_s` a second (a burst of `burst_s` seconds of it). A story
    of each node grows with them."""

    name: str
    per_s: float
    burst_s: int
    rate_per_s: float
    seconds: float
    each_node: bool = False


STORIES = (
    Story("a client at half of 600/minute", 10, 60, 5, 300),
    Story("a client at three times 600/minute", 10, 60, 30, 120),
    Story("a client at a hundred times 600/minute", 10, 60, 1000, 60),
    Story("a route at half of 100/10s for each node", 10, 10, 5, 30, each_node=True),
    Story("a route at three times that", 10, 10, 30, 15, each_node=True),
)


class _Counted(Memory):
    asked = 0

    async def batch(self, ops: list[Op]) -> list[Reply]:
        self.asked += 1
        return self.at_once(ops)


def run() -> list[dict[str, Any]]:
    """Every story on every number of nodes, with leases and without."""
    return [asyncio.run(_play(story, nodes, leased=leased)) for story in STORIES for nodes in NODES for leased in (False, True)]


async def _play(story: Story, nodes: int, *, leased: bool) -> dict[str, Any]:
    chance = random.Random(f"{_SEED} {story.name} {nodes}")  # noqa: S311  # the same arrivals every time
    clock = HandClock()
    store = _Counted(clock=clock)
    keys = Keys([_SECRET])
    workers = [Limits(Site(("shop.example",), keys, store, clock, Events()), report_only=False) for _ in range(nodes)]
    times = nodes if story.each_node else 1
    limit = round(story.per_s * story.burst_s * times)
    quota = Quota("q", Rate(limit, story.burst_s), "s", "c", lease=Terms(int(limit * SHARE), LEASE_S) if leased else None)
    begin_s, offered, admitted = clock.now(), 0, []
    while clock.now() < begin_s + story.seconds:
        clock.move(chance.expovariate(story.rate_per_s * times))
        offered += 1
        if await chance.choice(workers).take(_request(), [quota]) is None:
            admitted.append(clock.now() - begin_s)
    allowed = limit * (1 + story.seconds / story.burst_s)
    return {
        "story": story.name,
        "nodes": nodes,
        "leased": leased,
        "offered": offered,
        "admitted": len(admitted),
        "of_quota": len(admitted) / min(allowed, offered),
        "questions": store.asked / offered,
        "excess": _excess(admitted, limit, story.burst_s),
        "bound": LEASE_S / story.burst_s if leased else 0.0,
    }


def _request() -> Request:
    request = Request.__new__(Request)
    request.client = ""
    return request


def _excess(admitted: list[float], limit: int, period_s: int) -> float:
    """The most, over all stretches of time, by which more was admitted than a quota and what grew meanwhile; in quotas, 0 for none.

    With f(i) = i - limit * t(i) / period, a stretch from i to j has f(j) - f(i) + 1 - limit more: one pass finds the largest.
    """
    lowest, worst = float("inf"), 0.0
    for number, at_s in enumerate(admitted):
        level = number - limit * at_s / period_s
        lowest = min(lowest, level)
        worst = max(worst, level - lowest + 1 - limit)
    return worst / limit if worst > 1e-3 else 0.0
