"""Limits in processor time: what is measured, what is owed, and what is never measured."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from buckler.core.clock import HandClock
from buckler.core.rate import Rate
from buckler.core.store import Take, Taken
from buckler.errors import StoreError
from buckler.protections.ratelimit import RateLimit
from buckler.protections.ratelimit.meter import NOTE, Meter, counted, metered
from buckler.protections.ratelimit.quota import Quota
from buckler.stores.memory import Memory
from tests.requests import request_of, site_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from buckler.core.request import Request
    from buckler.core.site import Site
    from buckler.core.store import Op, Reply
    from buckler.protections.ratelimit.limits import Limits

MS = 1000
CPU = Quota("client.cpu_ms", Rate(2000, 60), "search", "client:203.0.113.7", cpu=True)


class Spy(Memory):
    down = False

    async def batch(self, ops: list[Op]) -> list[Reply]:
        if self.down:
            raise StoreError("down")
        return self.at_once(ops)


def _limits() -> tuple[Limits, Spy, Site, HandClock]:
    clock = HandClock()
    store = Spy(clock=clock)
    site = site_of(store=store, clock=clock)
    RateLimit().steps(site)
    return site.offers["ratelimit"], store, site, clock


async def _uses(limits: Limits, used_us: int, quota: Quota = CPU) -> Request | None:
    """A request that uses so much; None: it was refused."""
    request, meter = request_of(), Meter()
    request.note(NOTE, meter)
    if await limits.take(request, [quota]) is not None:
        return None
    meter.add(used_us / 1e6)
    await meter.settle()
    return request


async def test_what_is_used_is_counted() -> None:
    limits, _, _, clock = _limits()
    first = await _uses(limits, 400 * MS)
    second = await _uses(limits, 400 * MS)
    assert first is not None
    assert second is not None
    assert dict(first.extra_headers) == {
        b"ratelimit": b'"client.cpu_ms";r=1999;t=1',
        b"ratelimit-policy": b'"client.cpu_ms";q=2000;w=60;qu="cpu-ms"',
    }
    assert dict(second.extra_headers)[b"ratelimit"] == b'"client.cpu_ms";r=1200;t=24'  # 400 used, 400 expected
    for _ in range(3):
        assert await _uses(limits, 400 * MS)
    assert await _uses(limits, 400 * MS) is None
    clock.move(12)
    assert await _uses(limits, 400 * MS)


async def test_what_was_expected_and_not_used_is_given_back() -> None:
    limits, _, _, _ = _limits()
    for _ in range(1000):
        assert await _uses(limits, 1 * MS, CPU._replace(cost=500))
    request = await _uses(limits, 1 * MS, CPU._replace(cost=1))
    assert request is not None
    assert b"r=999;" in dict(request.extra_headers)[b"ratelimit"]


async def test_a_debt_is_paid_before_the_next_request() -> None:
    """Cheap requests teach the route a low price; then one client's requests use a second each. Without debts each would cost it
    nothing but what was expected, and the limit would hold nobody."""
    limits, _, _, clock = _limits()
    for number in range(200):
        assert await _uses(limits, 1 * MS, CPU._replace(counted=f"client:{number}"))
    used_ms, lasted_s = 0, 20 * 60
    for _ in range(lasted_s * 2):
        clock.move(0.5)
        if await _uses(limits, 1000 * MS):
            used_ms += 1000
        for number in range(5):  # others keep the route's price low
            await _uses(limits, 1 * MS, CPU._replace(counted=f"client:{number}"))
    assert 2000 * lasted_s / 60 * 0.9 < used_ms <= 2000 * (1 + lasted_s / 60) + 1000


async def test_nobody_is_kept_out_for_longer_than_nine_quotas() -> None:
    limits, _, _, clock = _limits()
    assert await _uses(limits, 3_600_000 * MS)
    refused = await limits.take(request_of(), [CPU._replace(counted="client:other")])
    assert refused is None  # it takes a whole quota, which is there
    refused = await limits.take(request_of(), [CPU])
    assert refused is not None
    assert dict(refused.headers) == {
        b"retry-after": b"600",
        b"ratelimit": b'"client.cpu_ms";r=0;t=600',
        b"ratelimit-policy": b'"client.cpu_ms";q=2000;w=60;qu="cpu-ms"',
    }
    clock.move(601)
    assert await limits.take(request_of(), [CPU]) is None


async def test_a_route_that_is_not_measured_counts_what_it_asks_for() -> None:
    limits, _, _, _ = _limits()
    allowed = [await limits.take(request_of(), [CPU._replace(cost=500)]) is None for _ in range(6)]
    assert allowed == [True] * 4 + [False] * 2


async def test_a_quota_of_calls_in_front_is_charged_and_one_behind_is_not() -> None:
    limits, store, _, _ = _limits()
    before, behind = (Quota(name, Rate(9, 60), "search", name) for name in ("before", "behind"))
    for _ in range(3):
        await limits.take(request_of(), [before, CPU._replace(cost=1000), behind])
    left = {}
    for quota in (before, behind):
        (reply,) = store.at_once([Take(limits._key(quota), 9, 60, 0)])
        assert isinstance(reply, Taken)
        left[quota.name] = reply.remaining
    assert left == {"before": 6, "behind": 7}


async def test_what_a_dead_store_was_not_told_is_an_event() -> None:
    limits, store, site, _ = _limits()
    request, meter = request_of(), Meter()
    request.note(NOTE, meter)
    assert await limits.take(request, [CPU]) is None
    store.down = True
    meter.add(1.0)
    await meter.settle()
    (event,) = site.events.drain()
    assert (event.kind, event.mode) == ("ratelimit.unavailable", "note")
    assert event.detail.startswith("1000000 µs were not counted")


async def test_as_much_as_was_expected_needs_no_second_question() -> None:
    limits, store, _, _ = _limits()
    request, meter = request_of(), Meter()
    request.note(NOTE, meter)
    assert await limits.take(request, [CPU]) is None
    store.down = True  # nobody asks it
    meter.add(0.001)
    await meter.settle()


# ---- the meter


def _work(thousands: int) -> int:
    return sum(number * number for number in range(thousands * 1000))


async def _measured(app: Any) -> int:
    request = request_of()
    await metered(app)({"buckler": request}, None, None)
    meter = request.noted(NOTE)
    assert isinstance(meter, Meter)
    return meter.used_us


@pytest.fixture
def tidy() -> Iterator[None]:
    """Nothing is collected meanwhile: all that other tests have left would count for whoever happens to run."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("tidy")
async def test_waiting_costs_nothing_and_others_are_not_counted() -> None:
    """One waits while another works, in turns: each is told its own."""

    async def waits(scope: Any, receive: Any, send: Any) -> None:
        for _ in range(20):
            await asyncio.sleep(0)

    async def works(scope: Any, receive: Any, send: Any) -> None:
        for _ in range(20):
            _work(100)
            await asyncio.sleep(0)

    waited_us, worked_us = await asyncio.gather(_measured(waits), _measured(works))
    assert 0 < waited_us * 5 < worked_us


async def test_a_meter_lets_everything_through() -> None:
    """What is sent in, thrown in and cancelled, reaches the application; what it raises comes out, and is counted all the same."""
    told: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert await asyncio.to_thread(lambda: "a value") == "a value"
        try:
            async with asyncio.timeout(0):
                await asyncio.sleep(60)
        except TimeoutError:
            told.append("cancelled")
        _work(1)
        raise LookupError("raised")

    request = request_of()
    with pytest.raises(LookupError):
        await metered(app)({"buckler": request}, None, None)
    meter = request.noted(NOTE)
    assert isinstance(meter, Meter)
    assert told == ["cancelled"]
    assert meter.used_us > 0


async def test_an_application_that_is_left_is_closed() -> None:
    closed: list[bool] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            closed.append(True)

    work = metered(app)({"buckler": request_of()}, None, None)
    asyncio.get_running_loop()
    work.send(None)
    work.close()
    assert closed == [True]


async def test_without_a_guard_nothing_is_measured() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        scope["ran"] = True

    scope: dict[str, Any] = {}
    await metered(app)(scope, None, None)
    assert scope == {"ran": True}
    assert metered(metered(app)).__name__ == "run"
    assert (twice := metered(app)) is metered(twice)


@pytest.mark.usefixtures("tidy")
async def test_a_thread_counts_for_its_request() -> None:
    def plain() -> str:
        _work(300)
        return threading.current_thread().name

    function = counted(plain)
    assert counted(function) is function
    assert function() == threading.current_thread().name  # without a meter

    async def app(scope: Any, receive: Any, send: Any) -> None:
        began_s = time.thread_time()
        assert await asyncio.to_thread(function) != threading.current_thread().name
        scope["here_s"] = time.thread_time() - began_s

    scope: dict[str, Any] = {"buckler": (request := request_of())}
    await metered(app)(scope, None, None)
    meter = request.noted(NOTE)
    assert isinstance(meter, Meter)
    assert meter.used_us > scope["here_s"] * 2e6
