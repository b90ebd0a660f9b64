"""Validators, conditions, ranges and codings: what a visitor gets who has something already, or wants a part."""

from __future__ import annotations

import gzip
import random

import pytest

from buckler.cache.encodings import chosen, makers
from buckler.guard.cache.replies import bounds
from tests.guard.cache.origin import Origin, is_hit, says

TEXT = b"a line of text\n" * 200


async def test_an_answer_without_a_tag_gets_one_of_its_bytes() -> None:
    """Every worker makes the same one."""
    tags = set()
    for body in (b"page", b"page", b"other"):
        origin = Origin(says("cache-control: max-age=60", body=body))
        tags.add((await origin.ask()).headers[b"etag"])
    assert len(tags) == 2
    assert all(tag.startswith(b'"') for tag in tags)


@pytest.mark.parametrize("asked", ['"a"', '"x", W/"a" , "y"', 'w/"a"', "*"])
async def test_who_has_it_already_gets_304(asked: str) -> None:
    origin = Origin(says("cache-control: max-age=60", 'etag: "a"', "x-own: 1"))
    await origin.ask()
    found = await origin.ask("/", f"if-none-match: {asked}")
    assert (found.status, found.body, is_hit(found)) == (304, b"", True)
    assert found.headers[b"etag"] == b'"a"'
    assert not {b"x-own", b"content-length"} & set(found.headers)


async def test_who_has_another_one_gets_the_whole() -> None:
    origin = Origin(says("cache-control: max-age=60", 'etag: "a"', "last-modified: Fri, 15 Jan 2027 07:00:00 GMT"))
    await origin.ask()
    later = "if-modified-since: Fri, 15 Jan 2027 07:30:00 GMT"
    assert (await origin.ask("/", 'if-none-match: "b"', later)).status == 200  # the tag counts before the date
    assert (await origin.ask("/", 'if-none-match: "a"', "if-modified-since: x")).status == 304
    assert (await origin.ask("/", later)).status == 304
    assert (await origin.ask("/", "if-modified-since: Fri, 15 Jan 2027 06:59:59 GMT")).status == 200
    assert (await origin.ask("/", "if-modified-since: yesterday")).status == 200


async def test_without_a_date_of_change_the_answers_own_time_counts() -> None:
    origin = Origin(says("cache-control: max-age=60", "age: 10"))
    await origin.ask()
    assert (await origin.ask("/", "if-modified-since: Fri, 15 Jan 2027 07:59:50 GMT")).status == 304
    assert (await origin.ask("/", "if-modified-since: Fri, 15 Jan 2027 07:59:49 GMT")).status == 200


async def test_the_first_visitor_too_gets_only_what_is_new() -> None:
    origin = Origin(says("cache-control: max-age=60", 'etag: "a"'))
    found = await origin.ask("/", 'if-none-match: "a"')
    assert (found.status, found.body) == (304, b"")


@pytest.mark.parametrize(
    ("asked", "status", "body", "told"),
    [
        ("bytes=0-1", 206, b"01", b"bytes 0-1/10"),
        ("bytes=7-", 206, b"789", b"bytes 7-9/10"),
        ("bytes=-3", 206, b"789", b"bytes 7-9/10"),
        ("bytes=-30", 206, b"0123456789", b"bytes 0-9/10"),
        ("bytes=5-99", 206, b"56789", b"bytes 5-9/10"),
        ("bytes=10-", 416, b"", b"bytes */10"),
        ("bytes=-0", 416, b"", b"bytes */10"),
        ("bytes=0-0,2-3", 200, b"0123456789", None),
        ("lines=1-2", 200, b"0123456789", None),
        ("bytes=" + ",".join(["0-"] * 10_000), 200, b"0123456789", None),
    ],
)
async def test_a_part_of_what_is_kept(asked: str, status: int, body: bytes, told: bytes | None) -> None:
    origin = Origin(says("cache-control: max-age=60", body=b"0123456789"))
    await origin.ask()
    found = await origin.ask("/", f"range: {asked}")
    assert (found.status, found.body, found.headers.get(b"content-range")) == (status, body, told)
    assert found.headers[b"content-length"] == b"%d" % len(body)
    assert is_hit(found)
    assert (await origin.ask("/", f"range: {asked}", method="HEAD")).status == 200


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ('"a"', 206),
        ('"b"', 200),
        ('W/"a"', 200),
        ("Fri, 15 Jan 2027 07:00:00 GMT", 206),
        ("Fri, 15 Jan 2027 07:00:01 GMT", 200),
    ],
)
async def test_a_part_only_of_what_the_visitor_has_the_rest_of(condition: str, status: int) -> None:
    origin = Origin(says("cache-control: max-age=60", 'etag: "a"', "last-modified: Fri, 15 Jan 2027 07:00:00 GMT"))
    await origin.ask()
    assert (await origin.ask("/", "range: bytes=0-1", f"if-range: {condition}")).status == status


def test_bounds() -> None:
    assert bounds(b"0", b"", None, 0) == (0, -1)
    assert bounds(None, None, b"5", 0) == (0, -1)


async def _packed(origin: Origin, accepted: str) -> None:
    await origin.ask("/", f"accept-encoding: {accepted}")
    await origin.ask("/", f"accept-encoding: {accepted}")
    while origin.cache._packing:
        await origin.pause()


async def test_a_text_is_kept_in_the_coding_that_somebody_asked_for() -> None:
    origin = Origin(says("cache-control: max-age=60", "content-type: text/html", 'etag: "a"', body=TEXT))
    assert (await origin.ask()).headers[b"vary"] == b"Accept-Encoding"
    await _packed(origin, "gzip")
    found = await origin.ask("/", "accept-encoding: gzip, deflate")
    assert gzip.decompress(found.body) == TEXT
    assert (found.headers[b"content-encoding"], found.headers[b"etag"]) == (b"gzip", b'"a-gzip"')
    assert found.headers[b"content-length"] == b"%d" % len(found.body)
    plain = await origin.ask("/", "accept-encoding: br;q=0, gzip;q=0.1, identity")
    assert (plain.body, plain.headers.get(b"content-encoding"), plain.headers[b"vary"]) == (TEXT, None, b"Accept-Encoding")
    assert (await origin.ask("/", "accept-encoding: gzip", 'if-none-match: "a-gzip"')).status == 304
    assert (await origin.ask("/", "accept-encoding: gzip", 'if-none-match: "a"')).status == 304
    assert (await origin.ask("/", 'if-none-match: "a-gzip"')).status == 200
    part = await origin.ask("/", "accept-encoding: gzip", "range: bytes=0-1", 'if-range: "a-gzip"')
    assert (part.status, part.body) == (206, found.body[:2])
    assert origin.calls == 1


async def test_every_coding_is_made_once() -> None:
    origin = Origin(says("cache-control: max-age=60", "content-type: application/ld+json", body=TEXT))
    for coding in makers():
        await _packed(origin, coding.decode())
        found = await origin.ask("/", f"accept-encoding: {coding.decode()}")
        assert found.headers[b"content-encoding"] == coding
        assert len(found.body) < len(TEXT) / 10


@pytest.mark.parametrize(
    "fields",
    [
        ("content-type: image/png",),
        ("content-type: text/html", "content-encoding: br"),
        ("content-type: text/html", "vary: accept-encoding"),
        ("content-type: text/html", "cache-control: no-transform"),
        ("content-type: text/html", "content-digest: sha-256=:x:"),
    ],
)
async def test_what_must_stay_as_it_is(fields: tuple[str, ...]) -> None:
    origin = Origin(says("cache-control: max-age=60", *fields, body=TEXT))
    await _packed(origin, "gzip")
    assert (await origin.ask("/", "accept-encoding: gzip")).body == TEXT


async def test_small_ones_and_what_does_not_get_smaller_stay_as_they_are() -> None:
    noise = random.Random(7).randbytes(2000)
    for body, options in ((b"x" * 1000, {}), (noise, {}), (TEXT, {"compress": False})):
        origin = Origin(says("cache-control: max-age=60", "content-type: text/html", body=body), options=options)
        await _packed(origin, "gzip")
        assert (await origin.ask("/", "accept-encoding: gzip")).body == body


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        (b"gzip, br", b"br"),
        (b"gzip;q=1.0, br;q=0.5", b"gzip"),
        (b"*", b"br"),
        (b"*;q=0, gzip", b"gzip"),
        (b"identity", b""),
        (b"br;q=0", b""),
        (b"br;q=x", b""),
        (b"", b""),
        (b"identity;q=1, gzip;q=0.5", b""),
    ],
)
def test_the_coding_that_the_visitor_likes_best(accepted: bytes, coding: bytes) -> None:
    assert chosen(accepted, (b"br", b"gzip")) == coding
