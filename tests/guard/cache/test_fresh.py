"""What is kept, for how long it is used, and what the visitor is told of it."""

from __future__ import annotations

import pytest

from tests.guard.cache.origin import Origin, is_hit, says, status_of


async def test_the_second_visitor_gets_what_is_kept() -> None:
    origin = Origin(says("cache-control: max-age=60", "x-own: 1"))
    first = await origin.ask()
    second = await origin.ask(after_s=7.5)
    assert (first.status, first.body, status_of(first)) == (200, b"page", "buckler; fwd=uri-miss; stored")
    assert b"age" not in first.headers
    assert (second.status, second.body, status_of(second)) == (200, b"page", "buckler; hit; ttl=52")
    assert second.headers[b"age"] == b"7"
    assert second.headers[b"x-own"] == b"1"
    assert second.headers[b"x-content-type-options"] == b"nosniff"
    assert second.headers[b"content-length"] == b"4"
    assert origin.calls == 1


@pytest.mark.parametrize(
    "fields",
    [
        ("cache-control: max-age=60",),
        ("cache-control: s-maxage=60, max-age=0",),
        ("cdn-cache-control: max-age=60", "cache-control: no-store"),
        ("expires: Fri, 15 Jan 2027 08:01:00 GMT",),
        ("cache-control: max-age=60, no-store, must-understand",),
        ("cache-control: max-age=60", "age: soon"),
    ],
)
async def test_kept(fields: tuple[str, ...]) -> None:
    origin = Origin(says(*fields))
    await origin.ask()
    assert is_hit(await origin.ask(after_s=59))
    assert not is_hit(await origin.ask(after_s=1.5))


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ((), ""),
        (("cache-control: private, max-age=60",), "it says private"),
        (("cache-control: no-store, max-age=60",), "it says no-store"),
        (("cache-control: max-age=60", "set-cookie: a=b"), "it sets a cookie"),
        (("cache-control: max-age=60", "vary: Accept, *"), "it varies by everything (Vary: *)"),
        (("cache-control: max-age=60", "age: 61"), "it was stale when it came"),
        (("cache-control: max-age=0",), "it was stale when it came"),
        (("cache-control: no-cache",), "it does not say how long it is fresh"),
        (("cache-control: public",), "it does not say how long it is fresh"),
        (("expires: 0",), "it was stale when it came"),
        (("expires: Fri, 15 Jan 2027 08:01:00 GMT", "expires: Fri, 15 Jan 2027 08:01:00 GMT"), "it was stale when it came"),
        (("cache-control: max-age=60", "cdn-cache-control: private"), "it says private"),
        (("cache-control: max-age=60, " + "x" * 5000,), "it says no-store"),
    ],
)
async def test_not_kept(fields: tuple[str, ...], why: str) -> None:
    origin = Origin(says(*fields))
    await origin.ask()
    assert not is_hit(await origin.ask())
    assert origin.cache.explain("/") == ([f"/: {why}"] * 2 if why else [])


@pytest.mark.parametrize("status", [206, 304])
async def test_parts_are_not_whole_answers(status: int) -> None:
    origin = Origin(says("cache-control: max-age=60", status=status, body=b""))
    await origin.ask()
    assert not is_hit(await origin.ask())


async def test_an_unknown_status_that_must_be_understood() -> None:
    origin = Origin(says("cache-control: max-age=60, no-store, must-understand", status=599))
    await origin.ask()
    assert not is_hit(await origin.ask())


@pytest.mark.parametrize("status", [301, 404, 410, 500])
async def test_a_status_is_kept_with_the_answer(status: int) -> None:
    origin = Origin(says("cache-control: max-age=60", status=status))
    await origin.ask()
    found = await origin.ask("/", "if-none-match: *")
    assert (found.status, is_hit(found)) == (status, True)


async def test_no_length_with_no_content() -> None:
    origin = Origin(says("cache-control: max-age=60", status=204, body=b""))
    assert b"content-length" not in (await origin.ask()).headers
    found = await origin.ask()
    assert is_hit(found)
    assert b"content-length" not in found.headers


async def test_fields_of_one_connection_and_those_that_are_named_are_not_kept() -> None:
    origin = Origin(
        says("cache-control: max-age=60, private=x-who", "connection: x-a, x-b", "x-a: 1", "x-who: mira", "x-c: 3", "keep-alive: 9")
    )
    first = (await origin.ask()).headers
    found = (await origin.ask()).headers
    assert first[b"x-who"] == b"mira"
    assert found[b"x-c"] == b"3"
    assert not {b"x-a", b"x-who", b"connection", b"keep-alive"} & set(found)


async def test_the_age_that_an_answer_came_with_counts() -> None:
    origin = Origin(says("cache-control: max-age=60", "age: 30, 7", "date: Fri, 15 Jan 2027 08:00:00 GMT"))
    assert (await origin.ask()).headers[b"age"] == b"30"
    assert (await origin.ask(after_s=29)).headers[b"age"] == b"59"
    assert not is_hit(await origin.ask(after_s=1))


async def test_an_old_date_counts_as_age() -> None:
    origin = Origin(says("cache-control: max-age=60", "date: Fri, 15 Jan 2027 07:59:15 GMT"))
    await origin.ask()
    assert (await origin.ask(after_s=10)).headers[b"age"] == b"55"
    assert not is_hit(await origin.ask(after_s=5))


async def test_guessing_is_an_option() -> None:
    said = says("last-modified: Fri, 15 Jan 2027 07:43:20 GMT", "cache-control: must-revalidate")  # a thousand seconds ago
    shy, bold = Origin(said), Origin(said, options={"heuristic_s": 300})
    for origin in (shy, bold):
        await origin.ask()
    assert not is_hit(await shy.ask())
    assert is_hit(await bold.ask(after_s=99))
    assert not is_hit(await bold.ask(after_s=2))


async def test_guessing_needs_a_date_and_a_status_for_it() -> None:
    for said in (says("cache-control: x"), says("cache-control: x", "last-modified: Fri, 15 Jan 2027 07:43:20 GMT", status=302)):
        origin = Origin(said, options={"heuristic_s": 300})
        await origin.ask()
        assert not is_hit(await origin.ask())


async def test_a_streamed_answer_is_kept_when_it_is_whole() -> None:
    origin = Origin(says("cache-control: max-age=60", pieces=[b"a", b"b", b"c"]))
    first = await origin.ask()
    assert [message.get("body") for message in first.sent[1:]] == [b"a", b"b", b"c"]
    assert status_of(first) == "buckler; fwd=uri-miss"
    found = await origin.ask()
    assert (found.body, is_hit(found)) == (b"abc", True)


@pytest.mark.parametrize("pieces", [[b"x" * 1025], [b"x" * 600, b"x" * 600]])
async def test_what_is_too_large_passes(pieces: list[bytes]) -> None:
    origin = Origin(says("cache-control: max-age=60", pieces=pieces), options={"max_entry_bytes": 1024})
    assert (await origin.ask()).body == b"".join(pieces)
    assert not is_hit(await origin.ask())
    assert origin.cache.explain() == ["/: it is larger than max_entry_bytes"] * 2


@pytest.mark.parametrize("pieces", [[b"page"], [b"pa", b"ge"]])
async def test_what_is_shorter_than_it_says_is_not_kept(pieces: list[bytes]) -> None:
    origin = Origin(says("cache-control: max-age=60", "content-length: 10", pieces=pieces))
    assert (await origin.ask()).body == b"page"
    assert not is_hit(await origin.ask())


async def test_nothing_is_guessed_about_other_methods() -> None:
    origin = Origin(says("cache-control: max-age=60"))
    await origin.ask(method="POST")
    await origin.ask(method="OPTIONS")
    await origin.ask(method="HEAD")
    assert not is_hit(await origin.ask())
    found = await origin.ask(method="HEAD")
    assert (found.body, found.headers[b"content-length"], is_hit(found)) == (b"", b"4", True)
    assert origin.calls == 4


async def test_a_request_with_a_body_is_not_a_visitor_like_others() -> None:
    origin = Origin(says("cache-control: max-age=60"))
    await origin.ask("/", "content-length: 3")
    assert not is_hit(await origin.ask())


async def test_an_authorized_request_is_kept_only_where_the_answer_says_so() -> None:
    for said, kept in (("max-age=60", False), ("max-age=60, public", True), ("s-maxage=60", True), ("max-age=60, must-revalidate", True)):
        origin = Origin(says(f"cache-control: {said}"))
        await origin.ask("/", "authorization: Basic abc")
        assert is_hit(await origin.ask()) is kept


async def test_off_and_reporting_keep_nothing() -> None:
    for options in ({"keep": False}, {"report_only": True}):
        origin = Origin(says("cache-control: max-age=60"), options=options)
        await origin.ask()
        assert not is_hit(await origin.ask())
        assert origin.cache is None
