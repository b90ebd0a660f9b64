"""Leases: no round trip for a busy client, never more than the quota over all time, and the stated bound within any stretch of it."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any

import pytest

from buckler.core.clock import HandClock
from buckler.core.rate import Rate
from buckler.core.store import Take, Taken
from buckler.errors import StoreError
from buckler.protections.ratelimit import RateLimit
from buckler.protections.ratelimit.leases import Terms
from buckler.protections.ratelimit.quota import Quota
from buckler.stores.memory import Memory
from tests.requests import request_of, site_of

if TYPE_CHECKING:
    from buckler.core.store import Op, Reply
    from buckler.protections.ratelimit.limits import Limits

LIMIT, PERIOD_S, LEASE_S = 60, 60, 2.0
RATE, TERMS = Rate(LIMIT, PERIOD_S), Terms(15, LEASE_S)
HOT = Quota("client", RATE, "search", "client:203.0.113.7", lease=TERMS)


class Spy(Memory):
    """Counts batches; can be down, and can be made to wait."""

    def __init__(self, clock: HandClock) -> None:
        super().__init__(clock=clock)
        self.asked: list[list[Op]] = []
        self.down = False
        self.gate: asyncio.Event | None = None

    async def batch(self, ops: list[Op]) -> list[Reply]:
        self.asked.append(ops)
        if self.gate is not None:
            await self.gate.wait()
        if self.down:
            raise StoreError("down")
        return super().at_once(ops)


def _workers(count: int, clock: HandClock) -> tuple[list[Limits], Spy]:
    """As many worker processes, one store."""
    store = Spy(clock)
    workers = []
    for _ in range(count):
        site = site_of(store=store, clock=clock)
        RateLimit().steps(site)
        workers.append(site.offers["ratelimit"])
    return workers, store


async def _takes(limits: Limits, *quotas: Quota) -> bool:
    return await limits.take(request_of(), quotas or [HOT]) is None


async def test_a_hot_client_costs_few_round_trips() -> None:
    clock = HandClock()
    (limits,), store = _workers(1, clock)
    allowed = [await _takes(limits) for _ in range(LIMIT)]
    assert all(allowed)
    assert len(store.asked) <= 12  # towards the end of a quota each takes half of what is left
    for ops in store.asked:
        assert sum(op.cost for op in ops if isinstance(op, Take)) <= 1 + TERMS.most
    before = len(store.asked)
    assert [await _takes(limits) for _ in range(1000)] == [False] * 1000
    assert len(store.asked) <= before + 1  # refused by what the store said last


async def test_the_answer_of_a_lease_says_what_is_left() -> None:
    clock = HandClock()
    (limits,), store = _workers(1, clock)
    for _ in range(3):
        request = request_of()
        assert await limits.take(request, [HOT]) is None
        fields = dict(request.extra_headers)
    assert len(store.asked) == 2
    assert fields[b"ratelimit"] == b'"client";r=57;t=3'
    clock.move(1)
    assert await limits.take(request, [HOT]) is None  # the lease is used up: a question
    assert len(store.asked) == 3


@pytest.mark.parametrize("seed", range(6))
async def test_never_more_than_the_quota_and_the_bound(seed: int) -> None:
    """Many workers, a client at three times its quota, pauses of every length. Every stretch of time is looked at."""
    chance = random.Random(seed)
    clock = HandClock()
    workers, _ = _workers(chance.choice((2, 4, 16)), clock)
    begin_s, admitted = clock.monotonic(), []
    while clock.monotonic() < begin_s + 6 * PERIOD_S:
        clock.move(chance.choice((0.0, 0.01, 0.2, LEASE_S / 2, 0.3, 0.1 * LEASE_S)) * chance.random())
        if await _takes(chance.choice(workers)):
            admitted.append(clock.monotonic())
    lasted_s = clock.monotonic() - begin_s
    assert LIMIT * (lasted_s / PERIOD_S) * 0.8 < len(admitted) <= LIMIT * (1 + lasted_s / PERIOD_S)
    for first, since_s in enumerate(admitted):
        for last in range(first, len(admitted)):
            stretch_s = admitted[last] - since_s
            assert last - first + 1 <= LIMIT * (1 + (stretch_s + LEASE_S) / PERIOD_S) + 1e-6


async def test_an_honest_client_is_not_refused_for_what_lies_elsewhere() -> None:
    """Spread over many workers, a client gets at least half of its quota at once, and all of it a little later."""
    clock = HandClock()
    workers, _ = _workers(16, clock)
    chance = random.Random(1)
    got = 0
    while await _takes(chance.choice(workers)):
        got += 1
    assert got >= LIMIT // 2
    steady, _ = _workers(16, clock)
    for _ in range(200):  # half of the rate, for ever
        clock.move(2 * PERIOD_S / LIMIT)
        assert await _takes(chance.choice(steady))


async def test_what_is_not_spent_is_given_back() -> None:
    clock = HandClock()
    (limits,), store = _workers(1, clock)
    for _ in range(12):
        await _takes(limits)
    clock.move(LEASE_S)
    await _takes(limits)
    assert any(op.cost < 0 for op in store.asked[-1] if isinstance(op, Take))
    held = limits._leases._kept.popitem()[1].left
    answer = store.at_once([Take(op.key, LIMIT, PERIOD_S, 0) for op in store.asked[-1][:1] if isinstance(op, Take)])[0]
    assert isinstance(answer, Taken)
    assert answer.remaining + held == LIMIT - 13 + int(LEASE_S)


async def test_a_lease_ends() -> None:
    clock = HandClock()
    (limits,), store = _workers(1, clock)
    for _ in range(4):
        await _takes(limits)
    before = len(store.asked)
    clock.move(LEASE_S)
    await _takes(limits)
    assert len(store.asked) == before + 1
    clock.move(10 * LEASE_S)  # idle: it begins from nothing
    await _takes(limits)
    assert sum(op.cost > 0 for op in store.asked[-1] if isinstance(op, Take)) == 1


async def test_of_many_at_once_one_asks_for_more() -> None:
    clock = HandClock()
    (limits,), store = _workers(1, clock)
    for _ in range(2):
        await _takes(limits)
    await _takes(limits)
    store.gate = asyncio.Event()
    asking = [asyncio.create_task(_takes(limits)) for _ in range(8)]
    await asyncio.sleep(0)
    store.gate.set()
    assert all(await asyncio.gather(*asking))
    assert sum(len(ops) for ops in store.asked[-8:]) == 9


async def test_whoever_leaves_while_asking_leaves_no_lock() -> None:
    clock = HandClock()
    (limits,), store = _workers(1, clock)
    store.gate = asyncio.Event()
    asking = asyncio.create_task(_takes(limits))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    store.gate = None
    for _ in range(20):
        await _takes(limits)
    assert len(store.asked) < 12


async def test_a_dead_store_ends_no_lease_and_gives_nothing() -> None:
    clock = HandClock()
    (limits,), store = _workers(1, clock)
    quota = HOT._replace(guards=True)
    for _ in range(5):  # a question, another one for one more, and one for three more
        await _takes(limits, quota)
    store.down = True
    allowed = [await _takes(limits, quota) for _ in range(10)]
    assert allowed[:2] == [True, True]
    assert not any(allowed[2:])
    store.down = False
    assert await _takes(limits, quota)


async def test_a_refusal_is_believed_for_a_lease_at_most() -> None:
    clock = HandClock()
    (limits,), store = _workers(1, clock)
    slow = HOT._replace(rate=Rate(4, 3600), lease=Terms(1, LEASE_S))
    allowed = [await _takes(limits, slow) for _ in range(9)]
    assert sum(allowed) == 4
    before = len(store.asked)
    assert not await _takes(limits, slow)
    assert len(store.asked) == before
    clock.move(LEASE_S)
    assert not await _takes(limits, slow)
    assert len(store.asked) == before + 1


async def test_a_dear_request_that_is_refused_refuses_no_cheap_one() -> None:
    clock = HandClock()
    (limits,), _ = _workers(1, clock)
    for _ in range(LIMIT // 20 - 1):
        assert await _takes(limits, HOT._replace(cost=20))
    assert not await _takes(limits, HOT._replace(cost=30))
    assert not await _takes(limits, HOT._replace(cost=30))
    assert await _takes(limits)


async def test_a_request_with_another_quota_asks_the_store_anyhow() -> None:
    """A round trip is needed, so nothing is leased, and the order holds: who is refused by the first leaves the second as it is."""
    clock = HandClock()
    (limits,), store = _workers(1, clock)
    other = Quota("account", Rate(3, 60), "search", "account:mira")
    allowed = [await _takes(limits, HOT, other) for _ in range(5)]
    assert allowed == [True, True, True, False, False]
    assert [len(ops) for ops in store.asked] == [2] * 5


async def test_two_leases_are_one_answer() -> None:
    clock = HandClock()
    (limits,), store = _workers(1, clock)
    site_wide = HOT._replace(name="route", counted="route", rate=Rate(20, 60), lease=Terms(5, LEASE_S))
    allowed = [await _takes(limits, HOT, site_wide) for _ in range(40)]
    assert sum(allowed) == 20
    assert len(store.asked) < 20
    refused = await limits.take(request_of(), [HOT, site_wide])
    assert refused is not None
    assert [name for name, _ in refused.headers] == [b"retry-after", b"ratelimit", b"ratelimit-policy"]


async def test_who_is_refused_by_another_quota_is_not_believed_to_be_over_this_one() -> None:
    clock = HandClock()
    (limits,), store = _workers(1, clock)
    first = HOT._replace(name="route", counted="route", rate=Rate(2, 60), lease=Terms(1, LEASE_S))
    assert [await _takes(limits, first, HOT) for _ in range(4)] == [True, True, False, False]
    before = len(store.asked)
    assert await _takes(limits, HOT)  # its own quota is there
    assert len(store.asked) == before + 1


async def test_two_limits_that_count_the_same_are_two_calls() -> None:
    clock = HandClock()
    (limits,), store = _workers(1, clock)
    allowed = [await _takes(limits, HOT, HOT) for _ in range(LIMIT)]
    assert sum(allowed) == LIMIT // 2
    assert len(store.asked) >= LIMIT // 2


async def test_an_answer_of_another_kind_is_a_failure_of_the_store() -> None:
    class Lying(Spy):
        async def batch(self, ops: list[Op]) -> list[Reply]:
            return [None for _ in ops]

    clock = HandClock()
    site = site_of(store=Lying(clock), clock=clock)
    RateLimit().steps(site)
    limits: Any = site.offers["ratelimit"]
    assert await limits.take(request_of(), [HOT]) is None
    refused = await limits.take(request_of(), [HOT._replace(guards=True)])
    assert refused.code == "ratelimit.unavailable"
