"""Functions whose results are kept."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from contextvars import ContextVar
from functools import partial
from typing import Any

import pytest

from buckler.cache import early
from buckler.cache.data import Memos
from buckler.cache.memo import _at_once
from buckler.core.clock import HandClock
from buckler.core.store import Put
from buckler.errors import BusyError, ConfigError, StoreError
from buckler.stores.memory import Memory
from tests.cache.kinds import Article, Author, Counted
from tests.cache.stores import Away

WHO: ContextVar[str] = ContextVar("who")
CLOCK = HandClock()


@pytest.fixture(params=["alone", "store"])
def cache(request: pytest.FixtureRequest) -> Memos:
    return Memos(None if request.param == "alone" else Memory(clock=CLOCK), clock=CLOCK)


class Source:
    """What a database would be."""

    def __init__(self) -> None:
        self.calls = 0
        self.failure: Exception | None = None
        self.takes_s = 0.0

    def read(self, thing: Any) -> Any:
        self.calls += 1
        CLOCK.move(self.takes_s)
        if self.failure is not None:
            raise self.failure
        return thing

    def number(self) -> int:
        """How often it was asked."""
        self.read(None)
        return self.calls


async def settled() -> None:
    """What was begun in the background is done."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_it_is_called_once_for_the_same_arguments(cache: Memos) -> None:
    source = Source()

    @cache.memo(ttl_s=10)
    async def double(number: int, *, by: int = 2) -> int:
        """Multiplies."""
        return source.read(number * by)  # type: ignore[no-any-return]  # a number

    assert [await double(1), await double(1), await double(number=1), await double(1, by=2)] == [2] * 4
    assert source.calls == 1
    assert [await double(True), await double(1, by=3)] == [2, 3]
    assert source.calls == 3
    CLOCK.move(10)
    assert await double(1) == 2
    assert source.calls == 4
    assert inspect.signature(double) == inspect.signature(double.__wrapped__)  # type: ignore[attr-defined]  # of what it stands for
    assert double.__doc__ == "Multiplies."


async def test_what_one_caller_changes_no_other_sees(cache: Memos) -> None:
    @cache.memo(ttl_s=10)
    async def names() -> list[str]:
        return ["a"]

    mine = await names()
    mine.append("mine alone")
    second = await names()
    second.append("and this")
    assert await names() == ["a"]

    @cache.memo(ttl_s=10)
    async def article(slug: str) -> Article | None:
        return Article(slug, Author("a"))

    assert await article("x") is await article("x")  # nobody can change it


async def test_a_thousand_misses_at_once_are_one_call_and_no_shared_list(cache: Memos) -> None:
    source = Source()

    @cache.memo(ttl_s=10)
    async def slow() -> list[int]:
        await asyncio.sleep(0.02)
        return source.read([1])  # type: ignore[no-any-return]  # a list

    answers = await asyncio.gather(*(slow() for _ in range(1000)))
    assert source.calls == 1
    assert len({id(answer) for answer in answers}) == 1000


async def test_tags_and_arguments_are_purged(cache: Memos) -> None:
    source = Source()

    @cache.memo(ttl_s=10, tags=lambda slug, **_: [f"article:{slug}", "articles"])
    async def article(slug: str, **more: int) -> str:
        return source.read(slug)  # type: ignore[no-any-return]  # a text

    async def calls() -> int:
        before = source.calls
        await article("a", x=1, y=2)
        await article("b")
        return source.calls - before

    assert [await calls(), await calls()] == [2, 0]
    await article("a", y=2, x=1)
    assert source.calls == 2
    await cache.purge("article:a")
    assert [await calls(), await calls()] == [1, 0]
    await cache.purge("articles", "none")
    assert await calls() == 2
    await article.purge("b")
    assert await calls() == 1


async def test_what_was_read_before_a_purge_is_not_given_out_after_it(cache: Memos) -> None:
    go, begun = asyncio.Event(), asyncio.Event()
    truth = "old"

    @cache.memo(ttl_s=10, tags=["x"])
    async def read() -> str:
        found = truth
        begun.set()
        await go.wait()
        return found

    for purge in (partial(cache.purge, "x"), read.purge):
        await read.purge()
        go.clear()
        begun.clear()
        truth = "old"
        before = asyncio.create_task(read())
        await begun.wait()
        truth = "new"
        await purge()
        after = asyncio.create_task(read())
        await settled()
        go.set()
        assert await before == "old"  # asked before it
        assert await after == "new"
        assert await read() == "new"


async def test_what_is_over_is_given_out_while_it_is_made_anew(cache: Memos) -> None:
    source = Source()

    @cache.memo(ttl_s=10, stale_s=60, early=0)
    async def number() -> int:
        return source.number()

    assert await number() == 1
    CLOCK.move(11)
    assert await number() == 1
    await settled()
    assert await number() == 2
    CLOCK.move(11)
    source.failure = ValueError("a secret")
    assert await number() == 2
    await settled()
    assert await number() == 2  # also when that fails
    await settled()
    events = cache.events.drain()
    assert {(event.kind, event.detail.rsplit(".", 1)[1]) for event in events} == {("cache.failed", "number: ValueError")}
    CLOCK.move(61)
    with pytest.raises(ValueError, match="a secret"):
        await number()


async def test_nothing_found_is_kept_for_its_own_time(cache: Memos) -> None:
    source = Source()

    @cache.memo(ttl_s=100, negative_ttl_s=5, stale_s=100)
    async def find(what: str) -> str | None:
        return source.read(None)  # type: ignore[no-any-return]  # nothing

    @cache.memo(ttl_s=100, negative_ttl_s=0)
    async def never(what: str) -> str | None:
        return source.read(None)  # type: ignore[no-any-return]  # nothing

    @cache.memo(ttl_s=100)
    async def always(what: str) -> str | None:
        return source.read(None)  # type: ignore[no-any-return]  # nothing

    async def calls(function: Any) -> int:
        before = source.calls
        assert [await function("x"), await function("x")] == [None, None]
        return source.calls - before

    assert [await calls(find), await calls(find), await calls(never), await calls(always)] == [1, 0, 2, 1]
    CLOCK.move(5)
    assert [await calls(find), await calls(always)] == [1, 0]


async def test_a_failure_is_not_kept(cache: Memos) -> None:
    source = Source()
    source.failure = KeyError("x")

    @cache.memo(ttl_s=100)
    async def read() -> int:
        return source.read(1)  # type: ignore[no-any-return]  # a number

    with pytest.raises(KeyError):
        await read()
    source.failure = None
    assert await read() == 1


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


# ---- several processes


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


# ---- plain functions


def test_a_plain_function_stays_one(cache: Memos) -> None:
    source = Source()

    @cache.memo(ttl_s=10, tags=["x"])
    def double(number: int) -> list[int]:
        return source.read([2 * number])  # type: ignore[no-any-return]  # a list

    assert double(1) == double(number=1) == [2]
    assert double(1) is not double(1)
    assert source.calls == 1
    double.purge(1)
    assert double(1) == [2]
    assert source.calls == 2
    asyncio.run(cache.purge("x"))
    assert double(1) == [2]
    assert source.calls == 3


def test_threads_meet_too(cache: Memos) -> None:
    source = Source()

    @cache.memo(ttl_s=10)
    def slow() -> int:
        time.sleep(0.05)
        return source.read(1)  # type: ignore[no-any-return]  # a number

    answers: list[int] = []
    threads = [threading.Thread(target=lambda: answers.append(slow())) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [1] * 20
    assert source.calls == 1


def test_a_plain_function_gives_out_what_is_over_where_it_fails(cache: Memos) -> None:
    source = Source()

    @cache.memo(ttl_s=10, stale_s=60, early=0)
    def number() -> int:
        return source.number()

    assert number() == 1
    CLOCK.move(11)
    assert number() == 2
    CLOCK.move(11)
    source.failure = ValueError("a secret")
    assert number() == 2
    (event,) = cache.events.drain()
    assert event.detail.endswith("number: ValueError")
    CLOCK.move(61)
    with pytest.raises(ValueError, match="a secret"):
        number()


def test_threads_are_given_what_is_over_while_one_makes_it_anew(cache: Memos) -> None:
    begun, go = threading.Event(), threading.Event()
    numbers = iter([1, 2])

    @cache.memo(ttl_s=10, stale_s=60, early=0)
    def number() -> int:
        found = next(numbers)
        if found == 2:
            begun.set()
            go.wait(10)
        return found

    assert number() == 1
    CLOCK.move(11)
    thread = threading.Thread(target=number)
    thread.start()
    begun.wait(10)
    assert number() == 1
    go.set()
    thread.join()
    assert number() == 2


def test_what_another_thread_made_meanwhile_is_taken() -> None:
    behind = Between(clock=CLOCK)
    cache = Memos(behind, clock=CLOCK)
    source = Source()

    @cache.memo(ttl_s=10)
    def read() -> int:
        return source.number()

    behind.between = read  # another thread, between the look-up and the call
    assert read() == 1
    assert source.calls == 1


class Between(Memory):
    """Does something once, when it has answered."""

    between: Any = None

    def at_once(self, ops: list[Any]) -> Any:
        replies = super().at_once(ops)
        between, self.between = self.between, None
        if between is not None:
            between()
        return replies


def test_who_cannot_wait_is_never_made_to() -> None:
    with pytest.raises(RuntimeError, match="made to wait"):
        _at_once(asyncio.sleep(0))


# ---- what cannot work


async def test_what_cannot_work_stops_the_start(cache: Memos) -> None:
    def decorate(function: Any, **options: Any) -> Any:
        return cache.memo(**{"ttl_s": 1.0, **options})(function)

    async def read(slug: str) -> str:
        return slug

    class Library:
        async def read(self, slug: str) -> str:
            return slug

        @classmethod
        async def find(cls, slug: str) -> str:
            return slug

    async def several() -> Any:
        yield 1

    wrong: list[tuple[Any, dict[str, Any], str]] = [
        (read, {"ttl_s": 0}, r"memo\.ttl_s"),
        (read, {"wait_s": -1}, r"memo\.wait_s"),
        (read, {"stale_s": -1}, r"memo\.stale_s"),
        (read, {"negative_ttl_s": -1}, r"memo\.negative_ttl_s"),
        (read, {"early": -1}, r"memo\.early"),
        (read, {"scope": "private"}, r"memo\.scope"),
        (read, {"scope": "person"}, "name the parameter that says whose it is: one of slug"),
        (read, {"tags": "articles"}, r"memo\.tags"),
        (read, {"tags": [1]}, r"memo\.tags"),
        (read, {"encode": str.encode}, r"memo\.encode"),
        (Library.read, {}, "is a method"),
        (several, {}, "one by one"),
        (len, {}, "written with def"),
    ]
    for function, options, message in wrong:
        with pytest.raises(ConfigError, match=message):
            decorate(function, **options)


def test_two_functions_of_one_name_are_told_apart(cache: Memos) -> None:
    def made(number: int, **options: Any) -> Any:
        @cache.memo(ttl_s=10, **options)
        def read() -> int:
            return number

        return read

    assert made(1)() == 1
    with pytest.raises(ConfigError, match=r"another function of this name.*name=…"):
        made(2)
    assert made(3, name="third")() == 3


def test_a_plain_function_cannot_wait_for_a_network() -> None:
    with pytest.raises(ConfigError, match="async def"):
        Memos(Away()).memo(ttl_s=1)(test_early_is_as_the_paper_says)
