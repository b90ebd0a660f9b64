"""What changes state makes what is kept out of date: at once, with all variants, and also what is being made of it now."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from buckler.errors import StoreError
from buckler.guard.cache.serving import linked
from buckler.stores.memory import Memory
from tests.guard.cache.origin import Answer, Origin, is_hit, says
from tests.guard.cache.stores import Shared
from tests.requests import request_of


@pytest.mark.parametrize(
    ("method", "status", "forgotten"),
    [
        ("POST", 200, True),
        ("PUT", 204, True),
        ("DELETE", 303, True),
        ("PATCH", 200, True),
        ("POST", 404, False),
        ("POST", 500, False),
        ("OPTIONS", 200, False),
    ],
)
async def test_an_unsafe_method_that_succeeds(method: str, status: int, forgotten: bool) -> None:
    origin = Origin(says("cache-control: max-age=60"), says(status=status, body=b""), says("cache-control: max-age=60"))
    await origin.ask()
    await origin.ask(method=method)
    assert is_hit(await origin.ask()) is not forgotten


@pytest.mark.parametrize("name", ["location", "content-location"])
@pytest.mark.parametrize(
    ("where", "forgotten"),
    [
        ("/list?a=1", True),
        ("list?a=1", True),
        ("https://shop.example/list?a=1", True),
        ("https://evil.example/list?a=1", False),
        ("http://[", False),
        ("/list", False),
    ],
)
async def test_what_the_answer_names(name: str, where: str, forgotten: bool) -> None:
    said = says("cache-control: max-age=60")
    origin = Origin(said, says(f"{name}: {where}", status=201), said)
    await origin.ask("/list?a=1")
    await origin.ask("/new", method="POST")
    assert is_hit(await origin.ask("/list?a=1")) is not forgotten


def test_an_address_of_this_origin_without_a_path() -> None:
    assert linked(request_of(), b"https://shop.example") == "https://shop.example 1 /?"


async def test_all_variants_go_and_never_come_back() -> None:
    said = says("cache-control: max-age=60", "vary: x-a")
    origin = Origin(said, said, says(body=b""), says("cache-control: max-age=60", "vary: x-a", body=b"new"))
    await origin.ask("/", "x-a: 1")
    await origin.ask("/", "x-a: 2")
    await origin.ask(method="POST")
    assert (await origin.ask("/", "x-a: 1")).body == b"new"
    assert (await origin.ask("/", "x-a: 2")).body == b"new"


async def test_what_was_being_made_is_out_of_date_too() -> None:
    """Also where nothing had been kept before."""
    gate = asyncio.Event()

    async def slowly(_: Any) -> Answer:
        await gate.wait()
        return says("cache-control: max-age=60", body=b"old")

    for before in ([], [says("cache-control: max-age=60")]):
        gate.clear()
        origin = Origin(*before, slowly, says(body=b""), says("cache-control: max-age=60", body=b"new"))
        if before:
            await origin.ask("/other")
        reading = asyncio.ensure_future(origin.ask())
        await asyncio.sleep(0)
        await origin.ask(method="POST")
        gate.set()
        assert (await reading).body == b"old"
        assert (await origin.ask()).body == b"new"


async def test_groups() -> None:
    """RFC 9875: those of one origin are nobody else's."""
    said = says("cache-control: max-age=60", 'cache-groups: "articles", "start";x=1')
    origin = Origin(said, said, says("cache-control: max-age=60"), says('cache-group-invalidation: "articles"'), said)
    for path in ("/1", "/2", "/3"):
        await origin.ask(path)
    await origin.ask("/new", method="POST")
    assert [is_hit(await origin.ask(path)) for path in ("/1", "/2", "/3")] == [False, False, True]
    await origin.cache.purge("articles")
    assert is_hit(await origin.ask("/1"))


async def test_all_processes_hear_of_it() -> None:
    store = Shared()
    said = says("cache-control: max-age=60", 'cache-groups: "a"')
    one, two = Origin(said, store=store), Origin(said, store=store)
    one.clock = two.clock = store.clock
    await one.ask()
    assert is_hit(await two.ask()) is False  # nobody asks the store about what may not be kept at all
    assert is_hit(await two.ask())
    await one.ask(method="POST")
    two.cache.shelf.forget()  # as after `near_s`
    assert not is_hit(await two.ask())


async def test_a_store_that_does_not_hear_changes_no_answer() -> None:
    class Down(Memory):
        able = Shared.able

        def at_once(self, ops: Any) -> Any:
            raise StoreError("down")

    origin = Origin(says("cache-control: max-age=60"), store=Down())
    assert (await origin.ask()).status == 200
    assert (await origin.ask(method="POST")).status == 200
    assert "other processes have not heard" in origin.cache.explain()[0]
    with pytest.raises(StoreError):
        await origin.cache.purge("a")
