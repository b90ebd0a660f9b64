"""Published mistakes of caches, one by one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.guard.cache.origin import Answer, Origin, is_hit, says

PUBLIC = "cache-control: public, max-age=60"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/k", "/\u212a"),
        ("/k", "/K"),
        ("/k-", "/k"),
        ("/k-", "/k45"),
        ("/a?b=1", "/ab=1"),
        ("/a?b=1", "/a%3fb=1"),
        ("/a?b=1&c=2", "/a?c=2&b=1"),
    ],
)
async def test_different_requests_have_different_keys(one: str, other: str) -> None:
    """CVE-2026-25480 (Litestar)."""
    origin = Origin(says(PUBLIC))
    await origin.ask(one)
    raw, _, query = other.partition("?")
    assert not is_hit(await origin.ask(other, raw_path=raw.encode(), query_string=query.encode()))


async def test_a_refreshed_session_on_a_public_page_is_kept_for_nobody() -> None:
    """CVE-2026-35192 (Django), CVE-2023-30861 (Flask)."""

    def refreshes(scope: Any) -> Answer:
        session = scope["buckler"].site.offers["sessions"].open(scope["buckler"])
        session["seen"] = 1
        return says(PUBLIC)

    origin = Origin(refreshes)
    found = await origin.ask()
    assert found.headers[b"vary"].lower() == b"cookie"
    assert found.headers[b"cache-control"] == b"no-store"
    assert not is_hit(await origin.ask())


async def test_looking_whether_a_name_is_in_the_session_is_enough() -> None:
    """CVE-2026-27205 (Flask)."""

    def looks(scope: Any) -> Answer:
        _ = "x" in scope["buckler"].site.offers["sessions"].open(scope["buckler"])
        return says(PUBLIC)

    origin = Origin(looks)
    found = await origin.ask()
    assert found.headers[b"vary"].lower() == b"cookie"
    assert found.headers[b"cache-control"] == b"private, max-age=60"
    assert not is_hit(await origin.ask())


@pytest.mark.parametrize("vary", ["*", "x-a, *", ", *"])
async def test_what_varies_by_everything_is_never_kept(vary: str) -> None:
    """CVE-2026-6907 (Django)."""
    origin = Origin(says(PUBLIC, f"vary: {vary}"))
    await origin.ask()
    assert not is_hit(await origin.ask())


async def test_odd_spaces_in_vary_are_honoured() -> None:
    """CVE-2026-48587 (Django)."""
    origin = Origin(says(PUBLIC, "vary: x-a,  Cookie"))
    await origin.ask("/", "cookie: name=mira")
    assert is_hit(await origin.ask("/", "cookie: name=mira"))
    assert not is_hit(await origin.ask("/", "cookie: name=otto"))
    assert not is_hit(await origin.ask())


async def test_an_answer_for_one_caller_is_none_for_a_caller_with_fewer_rights() -> None:
    """fastmcp#4037."""

    def by_rights(scope: Any) -> Answer:
        token = dict(scope["headers"]).get(b"authorization", b"")
        return says(PUBLIC, body=b"secret" if bytes(token) == b"Bearer admin" else b"no")

    origin = Origin(by_rights)
    assert (await origin.ask("/", "authorization: Bearer admin")).body == b"secret"
    assert (await origin.ask("/", "authorization: Bearer guest")).body == b"no"
    assert (await origin.ask()).body == b"no"


@pytest.mark.parametrize("ending", ["/x.css", ";x.css", "%2fx.css", "/..%2fx.css", ".css"])
async def test_no_ending_of_a_path_makes_a_page_everybodys(ending: str) -> None:
    """Web cache deception: routes decide, never suffixes."""

    def account(scope: Any) -> Answer:
        name = dict(scope["headers"]).get(b"cookie", b"nobody")
        return says("content-type: text/html", body=bytes(name))

    origin = Origin(account)
    first = await origin.ask("/account" + ending, "cookie: name=mira")
    assert first.status in {400, 404} or first.headers[b"cache-control"] == b"no-store"
    assert b"mira" not in (await origin.ask("/account" + ending)).body
