"""Who is calling, when proxies stand in between."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.core.proxies import Hop, Proxies, resolve
from buckler.errors import ConfigError

OURS = Proxies(["10.0.0.0/8", "2001:db8:aaaa::/48"])
CLIENT = "203.0.113.7"


def told(
    value: str | None = None, *, proto: str | None = None, host: str | None = None, forwarded: str | None = None
) -> dict[bytes, bytes]:
    fields = {"x-forwarded-for": value, "x-forwarded-proto": proto, "x-forwarded-host": host, "forwarded": forwarded}
    return {name.encode(): text.encode("latin-1") for name, text in fields.items() if text is not None}


def test_nobody_is_believed_by_default() -> None:
    """CVE-2025-59152: rotating the header gives no fresh bucket."""
    assert not Proxies(0)
    assert not Proxies([])
    assert resolve("203.0.113.9", told(CLIENT, proto="http", host="evil.example"), Proxies(0)) == (Hop("203.0.113.9"), True)


def test_a_stranger_is_not_a_proxy() -> None:
    assert resolve("203.0.113.9", told("198.51.100.1"), OURS) == (Hop("203.0.113.9"), True)
    assert resolve("garbage", told("198.51.100.1"), OURS) == (Hop("garbage"), True)


@pytest.mark.parametrize("peer", ["10.0.0.1", "::ffff:10.0.0.1", "2001:db8:aaaa::1"])
def test_the_first_hop_that_is_not_ours_is_the_client(peer: str) -> None:
    assert resolve(peer, told(f"{CLIENT}, 10.1.1.1"), OURS) == (Hop(CLIENT), True)


@given(st.lists(st.ip_addresses().map(str) | st.text('abc%[]:.,;=" ', max_size=8), max_size=20))
def test_nothing_left_of_the_client_is_read(forged: list[str]) -> None:
    """CVE-2025-59152: whatever a visitor puts in front, the bucket stays the same."""
    chain = ", ".join([*forged, CLIENT, "10.1.1.1"])
    if chain.count(",") < 32:
        assert resolve("10.0.0.1", told(chain), OURS) == (Hop(CLIENT), True)


@pytest.mark.parametrize(
    "text", [CLIENT, f"{CLIENT}:4711", f"[{CLIENT}]", f"::ffff:{CLIENT}", f"[::ffff:{CLIENT}]:4711", f"\t{CLIENT} ", f"unknown, {CLIENT}"]
)
def test_forms_of_an_address(text: str) -> None:
    assert resolve("10.0.0.1", told(text), OURS) == (Hop(CLIENT), True)


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "",
        "unknown",
        "_hidden",
        f"{CLIENT}:x",
        f"[{CLIENT}]x",
        "[::1",
        f"{CLIENT}, ",
        f"{CLIENT}, a, 10.1.1.1",
        "10.1.1.1, 10.2.2.2,,",
        f"\xa0{CLIENT}",
    ],
)
def test_an_unreadable_hop_means_that_nothing_is_believed(text: str) -> None:
    """CVE-2024-47070, CVE-2023-36456: never skip."""
    assert resolve("10.0.0.1", told(text, proto="https", host="shop.example"), OURS) == (Hop("10.0.0.1"), False)


def test_an_unbelievable_chain_costs_nothing() -> None:
    """Ten thousand hops are counted, not read."""
    for value in ("10.0.0.1," * 10_000, "for=10.0.0.1," * 10_000):
        assert resolve("10.0.0.1", told(value), OURS) == (Hop("10.0.0.1"), False)
        assert resolve("10.0.0.1", told(forwarded=value), OURS) == (Hop("10.0.0.1"), False)
    assert resolve("10.0.0.1", told(CLIENT, proto="http," * 10_000), OURS) == (Hop("10.0.0.1"), False)


def test_loopback_is_not_told_from_afar() -> None:
    """CVE-2025-46814."""
    assert resolve("10.0.0.1", told("203.0.113.10, 127.0.0.1"), OURS) == (Hop("10.0.0.1"), False)
    assert resolve("10.0.0.1", told("203.0.113.10, ::1"), OURS) == (Hop("10.0.0.1"), False)
    assert resolve("127.0.0.1", told("127.0.0.1"), Proxies(1)) == (Hop("127.0.0.1"), True)  # `curl` on the proxy's own machine
    assert resolve("", told("127.0.0.1"), Proxies(1)) == (Hop("127.0.0.1"), True)


@pytest.mark.parametrize(("hops", "client"), [(1, "10.1.1.1"), (2, CLIENT), (3, "198.51.100.1"), (9, "198.51.100.1")])
def test_counted_hops(hops: int, client: str) -> None:
    assert resolve("192.0.2.1", told(f"198.51.100.1, {CLIENT}, 10.1.1.1"), Proxies(hops)) == (Hop(client), True)


def test_a_unix_socket_has_no_address() -> None:
    for proxies in (Proxies(1), Proxies(["unix"]), Proxies(["unix", "10.0.0.0/8"])):
        assert proxies
        assert resolve("", told(CLIENT), proxies) == (Hop(CLIENT), True)
    assert resolve("", told(CLIENT), OURS) == (Hop(""), True)
    assert resolve("", {}, Proxies(["unix"])) == (Hop(""), True)


@pytest.mark.parametrize(
    ("proto", "scheme"),
    [("https", "https"), ("HTTP", "http"), ("wss", "https"), ("ws", "http"), ("http, https", "http"), ("", ""), (",", "")],
)
def test_the_scheme_that_the_visitor_used(proto: str, scheme: str) -> None:
    assert resolve("10.0.0.1", told(f"{CLIENT}, 10.1.1.1", proto=proto), OURS) == (Hop(CLIENT, scheme), True)


@pytest.mark.parametrize("proto", ["ftp", "https, http, https", "javascript", "https://"])
def test_a_scheme_that_does_not_fit(proto: str) -> None:
    assert resolve("10.0.0.1", told(f"{CLIENT}, 10.1.1.1", proto=proto), OURS) == (Hop("10.0.0.1"), False)


def test_a_forged_scheme_left_of_the_client_is_not_read() -> None:
    found = resolve("10.0.0.1", told(f"198.51.100.1, {CLIENT}", proto="gopher, http", host="evil.example, shop.example"), OURS)
    assert found == (Hop(CLIENT, "http", "shop.example"), True)
    assert resolve("10.0.0.1", told(CLIENT, host="evil.example, shop.example"), OURS)[1] is False


def test_a_proxy_may_tell_the_scheme_alone() -> None:
    assert resolve("10.0.0.1", told(proto="https", host="shop.example"), OURS) == (Hop("10.0.0.1", "https", "shop.example"), True)
    assert resolve("10.0.0.1", {}, OURS) == (Hop("10.0.0.1"), True)


def test_underscores_are_not_dashes() -> None:
    """GHSA-5m6w-wvh7-57vm."""
    assert resolve("10.0.0.1", {b"x_forwarded_for": CLIENT.encode()}, OURS) == (Hop("10.0.0.1"), True)


@pytest.mark.parametrize(
    ("value", "hop"),
    [
        (f"for={CLIENT}", Hop(CLIENT)),
        (f"For={CLIENT};Proto=HTTPS;by=10.0.0.1", Hop(CLIENT, "https")),
        (f'for="{CLIENT}:4711"; proto=http;host="shop.example:8443" ', Hop(CLIENT, "http", "shop.example:8443")),
        ('for="[2001:db8::1]:4711"', Hop("2001:db8::1")),
        (f"for=_hidden, for={CLIENT};proto=https, for=10.1.1.1;proto=http", Hop(CLIENT, "https")),
        (f"for={CLIENT}, for=10.1.1.1;proto=https", Hop(CLIENT, "https")),
    ],
)
def test_forwarded(value: str, hop: Hop) -> None:
    """RFC 7239."""
    assert resolve("10.0.0.1", told(forwarded=value), OURS) == (hop, True)


@pytest.mark.parametrize(
    "value",
    [
        "", "for", "for=", "for=a", 'for=""',
        f'for="{CLIENT}', f"for={CLIENT},", f"for={CLIENT};", f"for={CLIENT};for=10.0.0.1", "proto=https",
        f"for={CLIENT};proto=ftp", f"for={CLIENT} proto=https", f'for="\\{CLIENT}"', f"for = {CLIENT}", f"for={CLIENT}\n",
    ],
)  # fmt: skip
def test_forwarded_that_is_none(value: str) -> None:
    assert resolve("10.0.0.1", told(forwarded=value), OURS) == (Hop("10.0.0.1"), False)


def test_two_families_must_agree() -> None:
    """A proxy that writes one of them passes on a forged other one."""
    both = resolve("10.0.0.1", told(f"{CLIENT}, 10.1.1.1", proto="https", forwarded=f"for={CLIENT};host=shop.example"), OURS)
    assert both == (Hop(CLIENT, "https", "shop.example"), True)
    for forged in (told(CLIENT, forwarded="for=198.51.100.1"), told(CLIENT, proto="http", forwarded=f"for={CLIENT};proto=https")):
        assert resolve("10.0.0.1", forged, OURS) == (Hop("10.0.0.1"), False)
    assert resolve("10.0.0.1", told(proto="https", forwarded=f"for={CLIENT}"), OURS) == (Hop(CLIENT, "https"), True)


@pytest.mark.parametrize(
    "trusted",
    [-1, True, "10.0.0.0/8", ["10.0.0.0/99"], ["proxy.example"], [10], 1.5, ["0.0.0.0/0"], ["::/0"], ["::ffff:10.0.0.0/104"], None],
)
def test_settings_that_cannot_work(trusted: object) -> None:
    with pytest.raises(ConfigError, match="trusted_proxies"):
        Proxies(trusted)  # type: ignore[arg-type]  # that is the test


def test_a_single_address_is_a_network() -> None:
    assert resolve("10.0.0.9", told(CLIENT), Proxies(["10.0.0.9"])) == (Hop(CLIENT), True)
