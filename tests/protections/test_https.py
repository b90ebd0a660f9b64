"""`https` beyond its cases: where the redirect leads, and who is exempt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from buckler.errors import ConfigError
from buckler.protections.https import HTTPS, plain_http
from buckler.testing import guarded, only
from tests.asgi import Wire, scope_of
from tests.requests import request_of, site_of

if TYPE_CHECKING:
    from buckler.core.answer import Answer


def told(site: dict[str, Any] | None = None, options: dict[str, Any] | None = None, **changes: Any) -> Answer | None:
    check = HTTPS(**(options or {})).steps(site_of(**(site or {}))).check
    assert check is not None
    return check(request_of(**{"scheme": "http", **changes}))


def location(**changes: Any) -> bytes:
    found = told(**changes)
    assert found is not None
    assert found.status == 308
    return dict(found.headers)[b"location"]


def test_the_same_address_under_https() -> None:
    assert location(raw_path=b"/caf%C3%A9/x", query=b"a=1&b=%20") == b"https://shop.example/caf%C3%A9/x?a=1&b=%20"
    assert location(raw_path=b"/", options={"port": 8443}) == b"https://shop.example:8443/"
    assert location(host="[2001:db8::1]", authority="[2001:db8::1]:80") == b"https://[2001:db8::1]/"
    assert location(method="HEAD") == b"https://shop.example/"
    assert location(raw_path=b"", path="/caf\u00e9 \ud800") == b"https://shop.example/caf%C3%A9%20%3F"


@pytest.mark.parametrize(
    "raw",
    [
        b"@evil.example/",
        b".evil.example",
        b":80@evil.example",
        b"//evil.example",
        b"/\\evil.example",
        b"/a\r\nx:y",
        b"/a b",
        b"*",
        b"/\xff",
    ],
)
def test_an_odd_target_leads_to_the_start_page(raw: bytes) -> None:
    assert location(raw_path=raw) == b"https://shop.example/"


def test_a_long_target_leads_to_the_start_page() -> None:
    assert location(query=b"a" * 4094) == b"https://shop.example/?" + b"a" * 4094
    assert location(query=b"q=a\\b") == b"https://shop.example/?q=a\\b"
    assert location(query=b"a" * 4095) == b"https://shop.example/"
    assert location(query=b"a\r\nset-cookie: x=1") == b"https://shop.example/"


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_no_target_leads_elsewhere(raw: bytes, query: bytes) -> None:
    where = location(raw_path=raw or b"/", query=query)
    assert where.startswith(b"https://shop.example/")
    assert not where.startswith(b"https://shop.example//")
    assert all(0x20 < byte < 0x7F for byte in where)


def test_without_a_believable_host_there_is_nowhere_to_go() -> None:
    found = told(host="")
    assert found is not None
    assert found.status == 403


@pytest.mark.parametrize(
    ("host", "allowed"), [("localhost", True), ("app.localhost", True), ("[::1]", True), ("shop.example", False), ("10.0.0.5", False)]
)
def test_development_means_this_machine(host: str, allowed: bool) -> None:
    for method in ("GET", "POST"):
        assert (told(site={"development": True}, host=host, method=method) is None) is allowed
        assert told(host=host, method=method) is not None


def test_a_trusted_proxy_that_says_http_is_believed() -> None:
    found = told(site={"behind_proxies": True}, headers={b"x-forwarded-proto": b"https"})
    assert found is not None
    assert found.status == 308


async def test_a_route_may_answer_over_plain_http() -> None:
    @plain_http(because="the load balancer asks over plain HTTP")
    async def health(request: Any) -> PlainTextResponse:
        return PlainTextResponse("well")

    async def home(request: Any) -> PlainTextResponse:
        return PlainTextResponse("home")

    app = Starlette(routes=[Route("/health", health), Route("/health/more", home), Route("/", home)])
    guard = guarded(app, *only(HTTPS()))
    for path, status in (("/health", 200), ("/", 308), ("/health/more", 308), ("/health/", 308), ("/nowhere", 308)):
        wire = Wire()
        await guard(scope_of(path, scheme="http"), wire.receive, wire.send)
        assert wire.status == status


@pytest.mark.parametrize("because", ["", "  ", None])
def test_an_exemption_needs_a_reason(because: Any) -> None:
    with pytest.raises(ConfigError, match="because"):
        plain_http(because=because)


@pytest.mark.parametrize("port", [0, -1, 65536, "443"])
def test_settings_that_cannot_work(port: Any) -> None:
    with pytest.raises(ConfigError, match="port"):
        HTTPS(port=port)
