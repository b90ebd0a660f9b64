"""How the work behind a result is done: early, unseen, and by whom."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import Any

import pytest

from buckler.cache import early
from buckler.cache.data import Memos
from buckler.core.store import Put
from buckler.errors import BusyError, StoreError
from buckler.stores.memory import Memory
from tests.cache.kinds import Counted
from tests.cache.sources import CLOCK, Source, settled
from tests.cache.stores import Away

WHO: ContextVar[str] = ContextVar("who")


async def test_what_is_slow_to_make_is_made_anew_before_its_time_is_over(cache: Memos, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source()
    source.takes_s = 2.0

    @cache.memo(ttl_s=100)
    async def slow() -> int:
        return source.number()

    monkeypatch.setattr("buckler.cache.early.random.random", lambda: 0.99)  # 4.6 times the time that it takes
    assert await slow() == 1
    CLOCK.move(90)
    assert await slow() == 1
    await settled()
    assert source.calls == 1
    CLOCK.move(1)
    assert await slow() == 1
    await settled()
    assert await slow() == 2


def test_early_is_as_the_paper_says() -> None:
    """Vattani et al., VLDB 2015: `-ln(random) · beta · delta`, so that one in e^n readers begins n makings before the end."""
    count = 20_000
    due = sum(early.is_due(2.0, 1.0, 1.0) for _ in range(count))
    assert due / count == pytest.approx(0.1353, abs=0.02)
    assert not early.is_due(1e9, 1.0, 1.0)
    assert not early.is_due(1.0, 1.0, 0.0)
    assert early.is_due(0.0, 1.0, 1.0)


async def test_the_work_sees_nothing_of_whoever_came_first(cache: Memos) -> None:
    """A session that hides in a context variable cannot get into what everybody is given."""

    @cache.memo(ttl_s=10)
    async def greet() -> str:
        return WHO.get()

    @cache.memo(ttl_s=10)
    def greet_plainly() -> str:
        return WHO.get()

    WHO.set("somebody")
    with pytest.raises(LookupError):
        await greet()
    with pytest.raises(LookupError):
        greet_plainly()


async def test_what_cannot_be_kept_is_said_at_the_first_call(cache: Memos) -> None:
    @cache.memo(ttl_s=10)
    async def counted() -> Counted:
        return Counted()

    with pytest.raises(TypeError, match=r"counted returned what cannot be kept: a tests\.cache\.kinds\.Counted"):
        await counted()

    @cache.memo(ttl_s=10, encode=lambda thing: str(thing.count).encode(), decode=int)
    async def number() -> Any:
        return Counted()

    assert await number() == 0

    @cache.memo(ttl_s=10, encode=str.encode, decode=lambda raw: int(raw, 16))
    async def wrong() -> Any:
        return "no number"

    with pytest.raises(ValueError, match="decode does not read"):
        await wrong()


async def test_waiting_has_an_end(cache: Memos) -> None:
    @cache.memo(ttl_s=10, wait_s=0.01)
    async def never() -> None:
        await asyncio.Event().wait()

    with pytest.raises(BusyError):
        await never()
    await cache.close()


async def test_another_process_finds_it_in_one_round_trip() -> None:
    behind = Memory(clock=CLOCK)
    stores = [Away(behind), Away(behind)]
    source = Source()

    def made(store: Away) -> Any:
        cache = Memos(store, clock=CLOCK)

        @cache.memo(ttl_s=100, tags=["x"])
        async def read(number: int) -> int:
            return source.read(number)  # type: ignore[no-any-return]  # a number

        return read, cache

    (here, _), (there, cache) = map(made, stores)
    assert await here(1) == 1
    assert await there(1) == 1
    assert source.calls == 1
    assert stores[1].trips == 1
    assert await there(1) == 1
    assert stores[1].trips == 0
    await cache.purge("x")
    CLOCK.move(1)
    assert await here(1) == 1
    assert source.calls == 2


async def test_a_dead_store_costs_work_and_nothing_else() -> None:
    store = Away(clock=CLOCK)
    cache = Memos(store, clock=CLOCK)
    source = Source()

    @cache.memo(ttl_s=100)
    async def read() -> int:
        return source.read(1)  # type: ignore[no-any-return]  # a number

    store.down = True
    answers = await asyncio.gather(*(read() for _ in range(100)))
    assert (set(answers), source.calls) == ({1}, 1)
    assert await read() == 1
    assert source.calls == 1  # in this process, for a second
    CLOCK.move(1)
    assert await read() == 1
    assert source.calls == 2
    with pytest.raises(StoreError):
        await read.purge()
    assert {event.kind for event in cache.events.drain()} == {"store.failed"}


async def test_damaged_values_are_made_anew() -> None:
    behind = Memory(clock=CLOCK)
    cache = Memos(behind, near_s=0, clock=CLOCK)
    source = Source()

    @cache.memo(ttl_s=100)
    async def read() -> int:
        return source.number()

    assert await read() == 1
    ((name, (raw, _)),) = behind._values.items()
    await behind.batch([Put(name, raw[:-1] + b"{", 60)])
    assert await read() == 2


async def test_what_another_process_made_while_the_store_was_asked_is_taken() -> None:
    store = Away(clock=CLOCK)
    source = Source()

    async def read() -> int:
        return source.number()

    here, there = (Memos(at, clock=CLOCK).memo(ttl_s=100, name="read")(read) for at in (store, store.behind))

    async def first() -> None:
        assert await there() == 1

    store.after = first  # answered before it was made, and heard of after
    assert await here() == 1
    assert source.calls == 1
