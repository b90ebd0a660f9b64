"""Many who ask at once for what a route keeps: one works, the others wait."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from buckler.frameworks.fastapi import SessionDep  # noqa: TC001  # FastAPI reads it when a route is made
from tests.frameworks.cached_site import Site
from tests.guard.cache.stores import Shared

if TYPE_CHECKING:
    import pytest


async def test_many_at_once_are_one_call() -> None:
    site = Site()
    site.route("/")
    site.pause_s = 0.01
    async with site.visitor() as one:
        found = await asyncio.gather(*(one.get("/") for _ in range(50)))
    assert {answer.text for answer in found} == {'{"made":1}'}
    assert site.made == 1


def _waits(site: Site) -> asyncio.Event:
    """Happens when somebody waits for another one."""
    waits = asyncio.Event()
    object.__setattr__(site.guard.plan, "paused", (lambda _: waits.set(),))
    return waits


async def _one_after_the_other(site: Site, waits: asyncio.Event) -> None:
    """One leads. Another one, who was let in before, comes to it while the first one is at work."""
    assert site.guard.plan.cache is not None
    site.go_on.clear()
    async with site.visitor() as one:
        first = asyncio.ensure_future(one.get("/"))
        await site.making.wait()
        site.guard.plan.cache.busy = False
        second = asyncio.ensure_future(one.get("/"))
        await waits.wait()
        site.go_on.set()
        await asyncio.gather(first, second)


async def test_who_waits_takes_no_place_at_work() -> None:
    site = Site()
    site.route("/")
    told: list[str] = []
    plan = site.guard.plan
    waits = _waits(site)
    object.__setattr__(plan, "paused", (*plan.paused, lambda _: told.append("paused")))
    object.__setattr__(plan, "resumed", (lambda _: told.append("resumed"),))
    await _one_after_the_other(site, waits)
    assert told == ["paused", "resumed"]
    assert site.made == 1


async def test_who_has_waited_in_vain_leads_the_next_ones() -> None:
    site = Site()

    async def personal(session: SessionDep) -> dict[str, Any]:
        return {"made": await site.make(), "who": session.person}

    site.route("/", personal)
    cache = site.guard.plan.cache
    assert cache is not None
    await _one_after_the_other(site, _waits(site))
    assert site.made == 2
    assert cache.leading == {}


async def test_many_processes_are_one_call() -> None:
    store = Shared()
    sites = [Site(store=store, clock=store.clock) for _ in range(3)]
    for site in sites:
        site.route("/", tags=["a"])
        site.pause_s = 0.02
    visitors = [site.visitor() for site in sites]
    found = await asyncio.gather(*(visitor.get("/") for visitor in visitors for _ in range(5)))
    assert {answer.text for answer in found} == {'{"made":1}'}
    assert sum(site.made for site in sites) == 1


async def test_who_waits_for_what_is_not_kept_asks_himself_and_then_nobody_waits() -> None:
    site = Site()

    async def personal(session: SessionDep) -> dict[str, Any]:
        return {"made": await site.make(), "who": session.person}

    site.route("/", personal)
    site.pause_s = 0.01
    async with site.visitor() as one:
        found = await asyncio.gather(*(one.get("/") for _ in range(5)))
        assert site.made == 5
        assert {answer.headers["cache-control"] for answer in found} == {"no-store"}
        key = "https://shop.example 1 /?"
        assert site.guard.plan.cache is not None
        assert site.guard.plan.cache.is_unkept(key)
        site.clock.move(11)
        assert not site.guard.plan.cache.is_unkept(key)


async def test_a_leader_that_fails_leads_nobody_astray() -> None:
    site = Site()

    async def fails() -> None:
        if await site.make() == 1:
            raise ValueError("no database")

    site.route("/", fails)
    site.pause_s = 0.01
    async with site.visitor() as one:
        found = await asyncio.gather(*(one.get("/") for _ in range(4)), return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in found) == ["Response"] * 3 + ["ValueError"]


async def test_who_wants_an_answer_of_their_own_leads_nobody() -> None:
    site = Site()
    site.route("/")
    site.pause_s = 0.02
    async with site.visitor() as one:
        await asyncio.gather(one.get("/", headers={"cache-control": "no-store"}), one.get("/"), one.get("/"))
    assert site.made == 2


async def test_nobody_waits_for_one_leader_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site()
    site.route("/")
    cache = site.guard.plan.cache
    assert cache is not None
    waited = 0

    async def follow(*_: Any) -> None:
        nonlocal waited
        waited += 1

    monkeypatch.setattr(cache, "follow", follow)  # leaders that keep nothing, one after the other
    cache.leading["https://shop.example 1 /?"] = asyncio.get_running_loop().create_future()
    async with site.visitor() as one:
        assert (await one.get("/")).json() == {"made": 1}
    assert waited == 3
