"""What is no longer fresh: renewed, used a little longer, or used because nothing else can be had."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.guard.cache.origin import Answer, Origin, is_hit, says, status_of


async def test_the_application_is_asked_whether_it_is_still_right() -> None:
    first = says("cache-control: max-age=2", 'etag: "a"', "last-modified: Fri, 15 Jan 2027 07:00:00 GMT", "x-old: 1", "x-both: 1")
    renewed = says("x-both: 2", "cache-control: max-age=30", status=304, body=b"")
    origin = Origin(first, renewed)
    await origin.ask()
    found = await origin.ask("/", 'if-none-match: "z"', "range: bytes=0-1", after_s=3)
    assert (found.status, found.body, status_of(found)) == (206, b"pa", "buckler; fwd=stale; fwd-status=304")
    assert (found.headers[b"x-old"], found.headers[b"x-both"]) == (b"1", b"2")
    assert origin.seen[1][b"if-none-match"] == b'"a"'
    assert origin.seen[1][b"if-modified-since"] == b"Fri, 15 Jan 2027 07:00:00 GMT"
    assert b"range" not in origin.seen[1]
    after = await origin.ask(after_s=29)
    assert (after.body, after.headers[b"x-both"], is_hit(after)) == (b"page", b"2", True)


async def test_a_renewal_answers_the_visitors_own_condition() -> None:
    origin = Origin(says("cache-control: max-age=2", 'etag: "a"'), says(status=304, body=b""))
    await origin.ask()
    assert (await origin.ask("/", 'if-none-match: "a"', after_s=3)).status == 304


async def test_another_answer_takes_the_place_of_the_old_one() -> None:
    origin = Origin(says("cache-control: max-age=2", 'etag: "a"'), says("cache-control: max-age=9", 'etag: "b"', body=b"new"))
    await origin.ask()
    assert (await origin.ask(after_s=3)).body == b"new"
    assert (await origin.ask()).body == b"new"
    assert origin.calls == 2


async def test_a_renewal_that_is_one_persons_reaches_this_person_alone() -> None:
    origin = Origin(says("cache-control: max-age=2", 'etag: "a"'), says("set-cookie: a=b", status=304, body=b""), says(body=b"new"))
    await origin.ask()
    found = await origin.ask(after_s=3)
    assert (found.status, found.body) == (200, b"page")
    assert found.headers[b"set-cookie"].startswith(b"a=b")
    assert found.headers[b"cache-control"] == b"private, max-age=2"
    assert b"set-cookie" not in (await origin.ask()).headers


async def test_a_tag_of_our_own_tells_the_application_nothing() -> None:
    origin = Origin(says("cache-control: max-age=2, stale-if-error=60"))
    await origin.ask()
    await origin.ask(after_s=3)
    assert not {b"if-none-match", b"if-modified-since"} & set(origin.seen[1])


async def test_no_cache_asks_each_time() -> None:
    origin = Origin(says("cache-control: max-age=9, no-cache", 'etag: "a"'), says(status=304, body=b""))
    await origin.ask()
    for _ in range(2):
        found = await origin.ask()
        assert (found.status, found.body, is_hit(found)) == (200, b"page", False)
    assert origin.calls == 3


async def test_a_304_to_the_visitors_question_is_the_visitors() -> None:
    origin = Origin(says("cache-control: max-age=9", status=304, body=b""))
    assert (await origin.ask("/", 'if-none-match: "a"')).status == 304
    assert origin.seen[0][b"if-none-match"] == b'"a"'


async def test_a_stale_answer_is_used_while_a_new_one_is_made() -> None:
    origin = Origin(says("cache-control: max-age=2, stale-while-revalidate=60", "vary: x-a"), says("cache-control: max-age=9", body=b"new"))
    await origin.ask("/", "x-a: 1")
    found = await origin.ask("/", "x-a: 1", "cookie: a=b", "authorization: x", after_s=3)
    assert (found.body, status_of(found)) == (b"page", "buckler; hit; ttl=-1")
    await origin.pause()
    assert (await origin.ask("/", "x-a: 1")).body == b"new"
    assert origin.calls == 2
    assert not {b"cookie", b"authorization"} & set(origin.seen[1])
    assert origin.seen[1][b"x-a"] == b"1"


async def test_a_cookie_that_chooses_the_answer_goes_with_the_question() -> None:
    origin = Origin(says("cache-control: max-age=2, stale-while-revalidate=60", "vary: Cookie"))
    await origin.ask("/", "cookie: theme=dark")
    await origin.ask("/", "cookie: theme=dark", after_s=3)
    await origin.pause()
    assert origin.seen[1][b"cookie"] == b"theme=dark"


async def test_a_new_one_that_cannot_be_made_changes_nothing() -> None:
    def fails(_: Any) -> Answer:
        raise ValueError("no database")

    origin = Origin(says("cache-control: max-age=2, stale-while-revalidate=60"), fails)
    await origin.ask()
    assert is_hit(await origin.ask(after_s=3))
    await origin.pause()
    assert is_hit(await origin.ask())
    assert "cache.failed" in {event.kind for event in origin.guard.plan.events.drain()}


@pytest.mark.parametrize("how", ["must-revalidate", "proxy-revalidate", "s-maxage=2", "no-cache"])
async def test_what_may_never_be_stale(how: str) -> None:
    said = says(f"cache-control: max-age=2, stale-while-revalidate=60, stale-if-error=60, {how}", 'etag: "a"')
    origin = Origin(said, says(status=503, body=b"down"))
    await origin.ask()
    assert (await origin.ask(after_s=3)).status == 503


async def test_an_application_that_fails_is_answered_for() -> None:
    origin = Origin(says("cache-control: max-age=2, stale-if-error=60"), says(status=503, pieces=[b"do", b"wn"]))
    await origin.ask()
    found = await origin.ask(after_s=3)
    assert (found.status, found.body, is_hit(found)) == (200, b"page", True)
    assert (await origin.ask(after_s=60)).status == 503


async def test_so_is_one_that_raises() -> None:
    def fails(_: Any) -> Answer:
        raise ValueError("no database")

    origin = Origin(says("cache-control: max-age=2, stale-if-error=60"), fails)
    await origin.ask()
    with pytest.raises(ValueError, match="no database"):
        await origin.ask(after_s=3)
    assert origin.wire.status == 200
    assert origin.wire.body == b"page"
    with pytest.raises(ValueError, match="no database"):
        await origin.ask(after_s=60)
    assert origin.wire.status == 500


async def test_who_comes_meanwhile_waits_for_the_new_one() -> None:
    async def slowly(_: Any) -> Answer:
        await asyncio.sleep(0.01)
        return says("cache-control: max-age=9", body=b"new")

    origin = Origin(says("cache-control: max-age=2", 'etag: "a"'), slowly)
    await origin.ask()
    origin.clock.move(3)
    found = await asyncio.gather(*(origin.ask() for _ in range(20)))
    assert {wire.body for wire in found} == {b"new"}
    assert origin.calls == 2


async def test_who_waits_for_what_is_not_kept_asks_himself() -> None:
    async def slowly(_: Any) -> Answer:
        await asyncio.sleep(0.01)
        return says("cache-control: private", body=b"new")

    origin = Origin(says("cache-control: max-age=2", 'etag: "a"'), slowly)
    await origin.ask()
    origin.clock.move(3)
    found = await asyncio.gather(*(origin.ask() for _ in range(5)))
    assert {wire.body for wire in found} == {b"new"}
    assert origin.calls == 6


async def test_nobody_waits_for_ever() -> None:
    async def slowly(_: Any) -> Answer:
        await asyncio.sleep(0.05)
        return says("cache-control: max-age=9", body=b"new")

    origin = Origin(says("cache-control: max-age=2", 'etag: "a"'), slowly, options={"wait_s": 0.001})
    await origin.ask()
    origin.clock.move(3)
    await asyncio.gather(*(origin.ask() for _ in range(3)))
    assert origin.calls == 4


@pytest.mark.parametrize(
    ("asked", "hit"),
    [
        ("no-cache", False),
        ("no-store", False),
        ("max-age=0", False),
        ("max-age=4", False),
        ("max-age=6", True),
        ("min-fresh=56", False),
        ("min-fresh=50", True),
        ("nothing-to-see-here", True),
    ],
)
async def test_what_a_visitor_asks_for_counts(asked: str, hit: bool) -> None:
    for options in ({}, {"obey_clients": False}):
        origin = Origin(says("cache-control: max-age=60"), options=options)
        await origin.ask()
        assert is_hit(await origin.ask("/", f"cache-control: {asked}", after_s=5)) is (hit or "obey_clients" in options)


async def test_what_a_visitor_wants_nobody_to_keep_is_not_kept() -> None:
    origin = Origin(says("cache-control: max-age=60"))
    await origin.ask("/", "cache-control: no-store")
    assert not is_hit(await origin.ask())


@pytest.mark.parametrize("condition", ['if-match: "a"', "if-unmodified-since: Fri, 15 Jan 2027 07:00:00 GMT"])
async def test_conditions_for_the_application_go_there(condition: str) -> None:
    origin = Origin(says("cache-control: max-age=60"))
    await origin.ask()
    assert not is_hit(await origin.ask("/", condition))
    assert origin.calls == 2


async def test_a_head_of_what_is_stale_is_asked_for() -> None:
    origin = Origin(says("cache-control: max-age=2", 'etag: "a"'))
    await origin.ask()
    assert not is_hit(await origin.ask(method="HEAD", after_s=3))
    assert b"if-none-match" not in origin.seen[1]


async def test_an_application_that_raises_where_nothing_may_be_used() -> None:
    def fails(_: Any) -> Answer:
        raise ValueError("no database")

    origin = Origin(says("cache-control: max-age=60", "vary: x-a"), fails)
    await origin.ask("/", "x-a: 1")
    with pytest.raises(ValueError, match="no database"):
        await origin.ask("/", "x-a: 2")
    assert origin.wire.status == 500


async def test_an_application_that_reads_its_empty_body_in_the_background() -> None:
    bodies = []
    origin = Origin(says("cache-control: max-age=2, stale-while-revalidate=60"))
    plain = origin.guard.app

    async def reads(scope: Any, receive: Any, send: Any) -> None:
        bodies.append((await receive())["body"])
        await plain(scope, receive, send)

    origin.guard = origin.guard.variant(app=reads)
    await origin.ask()
    await origin.ask(after_s=3)
    await origin.pause()
    assert bodies == [b"", b""]


async def test_who_waited_for_another_variant_asks_himself() -> None:
    async def slowly(scope: Any) -> Answer:
        await asyncio.sleep(0.01)
        return says("cache-control: max-age=9", "vary: x-a", body=dict(scope["headers"])[b"x-a"])

    origin = Origin(says("cache-control: max-age=2", 'etag: "z"'), slowly)
    await origin.ask()
    origin.clock.move(3)
    one, two = await asyncio.gather(origin.ask("/", "x-a: 1"), origin.ask("/", "x-a: 2"))
    assert (one.body, two.body) == (b"1", b"2")


async def test_who_wants_it_anew_waits_for_nobody() -> None:
    async def slowly(_: Any) -> Answer:
        await asyncio.sleep(0.01)
        return says("cache-control: max-age=9")

    origin = Origin(says("cache-control: max-age=2", 'etag: "z"'), slowly)
    await origin.ask()
    origin.clock.move(3)
    await asyncio.gather(origin.ask(), origin.ask("/", "cache-control: no-cache"))
    assert origin.calls == 3
