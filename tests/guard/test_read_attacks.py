"""The one parse, attacked: whoever lies about the way of a request gains nothing."""

from __future__ import annotations

from typing import Any

import pytest

from buckler.protections.ratelimit import RateLimit
from buckler.testing import guarded, only, probe_app
from tests.asgi import Wire, scope_of

PROXY = ("10.0.0.1", 4711)


def read(scope: dict[str, Any], trusted: Any = 0) -> Any:
    return guarded(probe_app, trusted_proxies=trusted).plan.read(scope)


def test_the_default_port_is_no_part_of_the_origin() -> None:
    """A browser leaves it out of `Origin`, and some clients put it into `Host`."""
    assert read(scope_of(headers=[(b"host", b"shop.example:443")])).origin == "https://shop.example"
    assert read(scope_of(headers=[(b"host", b"shop.example:8443")])).origin == "https://shop.example:8443"
    assert read(scope_of(scheme="http", headers=[(b"host", b"shop.example:443")])).origin == "http://shop.example:443"
    assert read(scope_of(scheme="http", headers=[(b"host", b"shop.example:80")])).origin == "http://shop.example"


def test_a_forwarded_host_in_place_of_a_missing_one() -> None:
    request = read(scope_of(client=PROXY, headers=[(b"x-forwarded-host", b"shop.example")]), 1)
    assert (request.host, request.trouble) == ("shop.example", "")


def test_from_a_stranger_nothing_is_believed() -> None:
    lies = ((b"x-forwarded-host", b"evil.example"), (b"x-forwarded-proto", b"http"), (b"x-forwarded-for", b"127.0.0.1"))
    scope = scope_of("/", "GET", *lies)
    before = dict(scope)
    for trusted in (0, ["10.0.0.0/8"]):
        request = read(scope, trusted)
        assert (request.host, request.scheme, request.client) == ("shop.example", "https", "203.0.113.7")
        assert scope == before


def test_an_unreadable_way_changes_nothing() -> None:
    """CVE-2024-47070, CVE-2023-36456: it is trouble, and the proxy stays the client."""
    scope = scope_of("/", "GET", (b"x-forwarded-for", b"a"), (b"x-forwarded-proto", b"https"), scheme="http", client=PROXY)
    request = read(scope, 1)
    assert (request.trouble, request.client, request.scheme, scope["client"]) == ("forwarded", "10.0.0.1", "http", PROXY)


def test_loopback_is_not_told_from_afar() -> None:
    """CVE-2025-46814."""
    for trusted in (0, 1, ["10.0.0.0/8"]):
        request = read(scope_of("/", "GET", (b"x-forwarded-for", b"203.0.113.10, 127.0.0.1"), client=PROXY), trusted)
        assert request.client == "10.0.0.1"


def test_a_unix_socket_has_no_address_and_may_be_a_proxy() -> None:
    scope = scope_of("/", "GET", (b"x-forwarded-for", b"203.0.113.9"), client=None)
    assert (read(scope, ["unix"]).client, scope["client"]) == ("203.0.113.9", ("203.0.113.9", 0))
    assert read(scope_of(client=None), ["unix"]).client == ""


def test_a_zone_of_an_address_does_not_travel_on() -> None:
    scope = scope_of("/", "GET", (b"x-forwarded-for", b"fe80::1%<script>"), client=PROXY)
    assert read(scope, 1).client == "fe80::/64"
    assert scope["client"] == ("fe80::1", 0)


HEADERS = [b"x-forwarded-for", b"x_forwarded_for", b"forwarded", b"x-real-ip", b"client-ip", b"true-client-ip"]


@pytest.mark.parametrize("header", HEADERS)
async def test_a_rotating_header_gives_no_fresh_bucket(header: bytes) -> None:
    """CVE-2025-59152, GHSA-5m6w-wvh7-57vm: without proxies, and behind one that appends the address that it saw."""
    for trusted in (0, 1):
        guard = guarded(probe_app, *only(RateLimit(flood="5/minute")), trusted_proxies=trusted)
        statuses = []
        for number in range(7):
            forged = b"198.51.100.%d" % number
            headers = {header: b"for=" + forged if header == b"forwarded" else forged}
            if trusted and header == b"forwarded":
                headers[header] += b", for=203.0.113.7"
            elif trusted:
                headers[b"x-forwarded-for"] = headers.get(b"x-forwarded-for", b"192.0.2.1") + b", 203.0.113.7"
            wire = Wire()
            await guard(scope_of("/", "GET", *headers.items()), wire.receive, wire.send)
            statuses.append(wire.status)
        assert statuses == [200] * 5 + [429] * 2
