"""Which host was meant, and what counts as one client."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.core.address import authority, client_key, parse_address


@pytest.mark.parametrize(
    ("value", "name", "port"),
    [
        (b"shop.example", "shop.example", None),
        (b"SHOP.Example", "shop.example", None),
        (b"shop.example:8443", "shop.example", 8443),
        (b"shop.example.", "shop.example", None),
        (b"127.0.0.1:80", "127.0.0.1", 80),
        (b"[2001:DB8::1]:443", "[2001:db8::1]", 443),
        (b"a_b.example", "a_b.example", None),
    ],
)
def test_hosts_that_are(value: bytes, name: str, port: int | None) -> None:
    found = authority(value)
    assert found is not None
    assert (found.name, found.port, found.text) == (name, port, value.decode().lower())


@pytest.mark.parametrize(
    "value",
    [
        b"", b" shop.example", b"shop.example ", b"a/admin?", b"user@host", b"shop..example", b"shop.example..", b".example", b"-",
        b"shop.example:", b"shop.example:http", b"shop.example:65536", b"shop.example:123456", b"shop.example:80:80", b"[::1", b"::1",
        b"shop.example,evil.example", b"shop.example\n", b"shop\x00.example", b"sh\xc3\xb6p.example", b"a" * 300, b"[::g]",
    ],
)  # fmt: skip
def test_hosts_that_are_not(value: bytes) -> None:
    """CVE-2026-48710 and its relatives."""
    assert authority(value) is None


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("::FFFF:CB00:7107", "203.0.113.7"),
        ("64:ff9b::203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("", ""),
        ("a", ""),
        ("203.0.113.7%eth0", ""),
        ("203.0.113.07", ""),
        ("203.0.113", ""),
        ("203.0.113.7:80", ""),
        (" 203.0.113.7", ""),
        ("testclient", ""),
    ],
)
def test_one_key_a_client(text: str, key: str) -> None:
    assert client_key(text) == key


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1), st.integers(2**61, 2**62))
def test_a_home_has_one_key_whatever_address_it_uses(one: int, other: int, network: int) -> None:
    """IPv6 counts by /64, or every request could come from a fresh address."""
    keys = {client_key(str(ip_address((network << 64) + host))) for host in (one, other)}
    assert len(keys) == 1


def test_a_zone_is_dropped() -> None:
    """What follows the `%` is the caller's text and must not travel on."""
    assert str(parse_address("fe80::1%<script>")) == "fe80::1"
