"""The one parse: what every protection will believe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from buckler.testing import guarded, probe_app
from tests.asgi import scope_of

if TYPE_CHECKING:
    from buckler.core.request import Request

PROXY = ("10.0.0.9", 1)


def _read(scope: dict[str, Any], **site: Any) -> Request:
    return guarded(probe_app, **site).plan.read(scope)


def test_an_ordinary_scope_is_read_the_same_at_first_and_again() -> None:
    read = guarded(probe_app).plan.read
    for _ in range(2):
        request = read(scope_of("/a", "POST"))
        assert (request.kind, request.method, request.path, request.raw_path) == ("http", "POST", "/a", b"/a")
        assert (request.host, request.authority, request.scheme, request.client) == ("shop.example", "shop.example", "https", "203.0.113.7")
        assert (request.trouble, request.http_version, request.query) == ("", "1.1", b"")


def test_what_servers_leave_out_is_empty() -> None:
    scope = scope_of("/", http_version="2")
    for name in ("raw_path", "query_string", "client", "scheme"):
        del scope[name]
    request = _read(scope)
    assert (request.raw_path, request.query, request.client, request.scheme, request.http_version) == (b"", b"", "", "http", "2")
    assert _read(scope_of(raw_path=None)).raw_path == b""
    assert _read(scope_of(client=None)).client == ""


@pytest.mark.parametrize("scheme", ["ws", "wss"])
def test_a_handshake_has_the_scheme_of_its_connection(scheme: str) -> None:
    scope = scope_of(type="websocket", scheme=scheme)
    del scope["method"]
    assert _read(scope).scheme == {"ws": "http", "wss": "https"}[scheme]


@pytest.mark.parametrize("host", [b"a/admin?", b"", b"user@shop.example", b"shop.example, evil.example"])
def test_an_unbelievable_host_is_none(host: bytes) -> None:
    request = _read(scope_of(headers=[(b"host", host)]))
    assert (request.host, request.authority, request.trouble) == ("", "", "host")


def test_repeated_fields_are_joined_in_linear_time_and_named() -> None:
    """CVE-2025-14550: ten thousand lines of one field."""
    pairs = [(b"host", b"shop.example"), *[(b"x", b"1")] * 10_000, (b"cookie", b"a=1"), (b"cookie", b"b=2")]
    request = _read(scope_of(headers=pairs))
    assert len(request.headers[b"x"]) == 10_000 + 9_999 * 2
    assert request.headers[b"cookie"] == b"a=1; b=2"
    assert request.repeated == {b"x", b"cookie"}


def test_memories_are_bounded() -> None:
    read = guarded(probe_app, trusted_proxies=1).plan.read
    for count in range(4_200):
        address = f"198.51.{count // 250}.{count % 250}"
        scope = scope_of(
            headers=[(b"host", b"h%d.example" % count), (b"x-forwarded-for", address.encode())], client=(f"192.0.2.{count % 250}", 1)
        )
        assert read(scope).client == address
    for count in range(4_200):
        assert read(scope_of(client=(f"10.1.{count // 250}.{count % 250}", 1))).host == "shop.example"


def test_a_trusted_proxy_corrects_request_and_scope() -> None:
    forwarded = ((b"x-forwarded-for", b"198.51.100.9"), (b"x-forwarded-proto", b"https"), (b"x-forwarded-host", b"Shop.example:8443"))
    read = guarded(probe_app, trusted_proxies=["10.0.0.0/8"]).plan.read
    for _ in range(2):
        scope = scope_of("/", "GET", *forwarded, scheme="http", client=PROXY)
        request = read(scope)
        assert (request.client, request.scheme, request.authority) == ("198.51.100.9", "https", "shop.example:8443")
        assert (scope["client"], scope["scheme"], dict(scope["headers"])[b"host"]) == (("198.51.100.9", 0), "https", b"shop.example:8443")


def test_an_empty_field_is_not_an_absent_one() -> None:
    """What was read once is remembered; a malformed empty field must not stand for the honest request without one."""
    read = guarded(probe_app, trusted_proxies=["10.0.0.0/8"]).plan.read
    assert read(scope_of("/", "GET", (b"forwarded", b""), client=PROXY)).trouble == "forwarded"
    assert read(scope_of("/", "GET", client=PROXY)).trouble == ""


def test_a_long_way_is_read_each_time() -> None:
    read = guarded(probe_app, trusted_proxies=["10.0.0.0/8"]).plan.read
    way = b", ".join([b"2001:db8:1234:5678:9abc:def0:1234:5678"] * 20)
    assert read(scope_of("/", "GET", (b"x-forwarded-for", way), client=PROXY)).client == "2001:db8:1234:5678::/64"


def test_a_proxy_s_unbelievable_host_is_none() -> None:
    scope = scope_of("/", "GET", (b"x-forwarded-host", b"a/admin?"), client=PROXY)
    assert _read(scope, trusted_proxies=["10.0.0.0/8"]).trouble == "host"


def test_a_stranger_s_forwarding_headers_are_nothing() -> None:
    """CVE-2025-59152: rotating them never gives a fresh bucket."""
    scope = scope_of("/", "GET", (b"x-forwarded-for", b"198.51.100.9"), (b"x_forwarded_for", b"198.51.100.9"))
    for proxies in (0, ["10.0.0.0/8"]):
        assert _read(dict(scope), trusted_proxies=proxies).client == "203.0.113.7"


def test_a_forwarded_handshake_keeps_its_kind_of_scheme() -> None:
    scope = scope_of("/", "GET", (b"x-forwarded-proto", b"https"), type="websocket", scheme="ws", client=PROXY)
    del scope["method"]
    assert _read(scope, trusted_proxies=["10.0.0.0/8"]).scheme == "https"
    assert scope["scheme"] == "wss"
