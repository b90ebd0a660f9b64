"""Functions whose results are kept."""

from __future__ import annotations

import asyncio
import inspect
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.cache.kinds import Article, Author
from tests.cache.sources import CLOCK, Source, settled

if TYPE_CHECKING:
    from buckler.cache.data import Memos

WHO: ContextVar[str] = ContextVar("who")


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
