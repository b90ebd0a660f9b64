"""`cache` beyond its cases: its options, and what becomes of what an answer says of itself."""

from __future__ import annotations

from typing import Any

import pytest

from buckler import Cache
from buckler.core.protection import Head
from buckler.errors import ConfigError
from tests.requests import request_of, site_of


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"max_bytes": 0}, "max_bytes"),
        ({"max_entries": -1}, "max_entries"),
        ({"wait_s": 0}, "wait_s"),
        ({"keep_stale_s": -1}, "keep_stale_s"),
        ({"heuristic_s": "1"}, "heuristic_s"),
        ({"near_s": True}, "near_s"),
        ({"max_entry_bytes": 64 << 20}, "max_entry_bytes"),
        ({"targets": "cdn-cache-control"}, "targets"),
        ({"targets": ["a b"]}, "targets"),
    ],
)
def test_what_cannot_work_is_said_at_once(options: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        Cache(**options)


def _dressed(headers: list[tuple[bytes, bytes]], options: dict[str, Any] | None = None, **request: Any) -> list[tuple[bytes, bytes]]:
    site = site_of()
    steps = Cache(**(options or {})).steps(site)
    assert steps.dress is not None
    head = Head(200, list(headers))
    steps.dress(request_of(**request), head)
    return head.headers


@pytest.mark.parametrize(
    ("said", "becomes"),
    [
        (None, b"no-store"),
        (b"no-store", b"no-store"),
        (b"public", b"private"),
        (b"max-age=60", b"private, max-age=60"),
        (b"public, s-maxage=60, max-age=5, proxy-revalidate", b"private, max-age=5"),
        (b"no-cache", b"private, no-cache"),
        (b"private, max-age=5", b"private, max-age=5"),
        (b'private="a", max-age=5', b"private, max-age=5"),
        (b'no-cache="a b", x="y", max-age=5', b"private, x=y, max-age=5"),
    ],
)
def test_what_a_tainted_answer_says(said: bytes | None, becomes: bytes) -> None:
    headers = [(b"cache-control", said)] if said else []
    assert _dressed(headers, tainted="cookie") == [(b"cache-control", becomes), (b"vary", b"Cookie")]


def test_fields_that_would_say_otherwise_go() -> None:
    headers = [(name, b"max-age=60") for name in (b"cdn-cache-control", b"surrogate-control", b"expires")]
    assert _dressed([*headers, (b"x", b"y")], tainted="authorization") == [
        (b"x", b"y"),
        (b"cache-control", b"no-store"),
        (b"vary", b"Authorization"),
    ]


def test_a_cookie_makes_an_answer_private_only_where_it_was_said_to_be_for_all() -> None:
    cookie = (b"set-cookie", b"a=b")
    assert _dressed([cookie]) == [cookie]
    assert _dressed([cookie, (b"cache-control", b"no-store")]) == [cookie, (b"cache-control", b"no-store")]
    assert _dressed([cookie, (b"expires", b"x")]) == [cookie, (b"cache-control", b"no-store")]


def test_an_answer_that_is_for_all_stays_as_it_is() -> None:
    headers = [(b"cache-control", b"public, max-age=60"), (b"expires", b"x")]
    assert _dressed(headers) == headers
    assert _dressed([], unkeyed="forwarded") == []


def test_in_report_mode_it_is_told_and_left() -> None:
    site = site_of()
    steps = Cache(report_only=True).steps(site)
    head = Head(200, [(b"cache-control", b"public")])
    assert steps.dress is not None
    steps.dress(request_of(tainted="cookie"), head)
    assert head.headers == [(b"cache-control", b"public")]
    (event,) = site.events.drain()
    assert (event.kind, event.mode, event.detail) == ("cache.personal", "report", "cookie")
    assert "cache" not in site.offers
