"""Who is calling, and which host was meant: the two questions whose wrong answer opens every other lock."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, NamedTuple

from buckler.core.options import need

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from ipaddress import IPv4Network

_HOST = re.compile(r"(?P<name>[a-z0-9](?:[a-z0-9_.-]{0,252}[a-z0-9])?\.?|\[[0-9a-f:.]{2,45}\])(?::(?P<port>[0-9]{1,5}))?")
_MAX_HOPS = 32  # a longer chain is an attack on the parser, not a network


class Authority(NamedTuple):
    """`name` without port and without trailing dot, `port` or None, `text` as the client named it (lower-case)."""

    name: str
    port: int | None
    text: str


@lru_cache(maxsize=512)
def authority(value: bytes) -> Authority | None:
    """Parse a Host header (RFC 9110, section 7.2); None for anything else, such as `a/admin?` or `user@host`."""
    text = value.decode("latin-1").lower()
    found = _HOST.fullmatch(text)
    if found is None or ".." in text:
        return None
    port = int(found["port"]) if found["port"] else None
    if port is not None and port > 65535:
        return None
    return Authority(found["name"].rstrip("."), port, text)


@lru_cache(maxsize=8192)
def client_key(text: str) -> str:
    """Return the one key of a client: an IPv4 address, or the /64 of an IPv6 one (v4-mapped folded); "" when unparsable.

    A home gets a whole /64, so counting single IPv6 addresses would hand an attacker 2^64 fresh buckets.
    """
    parsed = parse_address(text)
    if parsed is None:
        return ""
    if isinstance(parsed, IPv4Address):
        return str(parsed)
    return str(IPv6Network((int(parsed) >> 64 << 64, 64)))


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address, with v4-mapped IPv6 folded to IPv4 and zone ids dropped; None when it is none."""
    try:
        parsed = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return mapped or parsed


class Hop(NamedTuple):
    """What one forwarding proxy says: who called it, by which scheme, for which host. "" where it does not say."""

    client: str
    scheme: str = ""
    host: str = ""


class Proxies:
    """The proxies that are believed: by network (`["10.0.0.0/8"]`) or by number of hops (`1`). None believed by default."""

    def __init__(self, trusted: int | Sequence[str]) -> None:
        self.hops = trusted if isinstance(trusted, int) else 0
        self.networks = () if isinstance(trusted, int) else tuple(_network(item) for item in trusted)
        need(self.hops >= 0, "Guard.trusted_proxies", trusted, "give a number of hops of 0 or more, or a list of networks")

    def __bool__(self) -> bool:
        return bool(self.hops or self.networks)

    def trusts(self, text: str, distance: int) -> bool:
        """Whether the address `text`, `distance` hops away from us (0 = the socket's peer), is one of ours."""
        if not self.networks:
            return distance < self.hops
        parsed = parse_address(text)
        return parsed is not None and any(parsed in network for network in self.networks)


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        need(False, "Guard.trusted_proxies", text, "give a network such as 10.0.0.0/8, or a number of hops")
        raise


def resolve(peer: str, headers: Mapping[bytes, bytes], proxies: Proxies) -> tuple[Hop, bool]:
    """Walk the chain from our socket outwards, over trusted proxies only, and return the first hop that is not ours.

    The second value is False when the chain could not be read: then the last hop that could is returned, and nothing
    further is believed (refuse to believe, never skip: CVE-2024-47070). Names with underscores are never looked at,
    because some servers fold `X_Forwarded_For` into the real one (GHSA-5m6w-wvh7-57vm).
    """
    current = Hop(peer)
    if not proxies.trusts(peer, 0):
        return current, True
    chain = read_chain(headers)
    if chain is None:
        return current, False
    for distance, hop in enumerate(reversed(chain[-_MAX_HOPS:]), start=1):
        if parse_address(hop.client) is None:
            return current, False
        current = Hop(hop.client, hop.scheme or current.scheme, hop.host or current.host)
        if not proxies.trusts(hop.client, distance):
            break
    return current, True


def read_chain(headers: Mapping[bytes, bytes]) -> list[Hop] | None:
    """Return the hops, nearest last, from `Forwarded` (RFC 7239) or else `X-Forwarded-*`; None when they are malformed."""
    forwarded = headers.get(b"forwarded")
    if forwarded is not None:
        return _read_forwarded(forwarded.decode("latin-1"))
    text = headers.get(b"x-forwarded-for")
    if text is None:
        return []
    addresses = [_strip_port(part.strip()) for part in text.decode("latin-1").split(",")]
    schemes = _aligned(headers.get(b"x-forwarded-proto"), len(addresses))
    hosts = _aligned(headers.get(b"x-forwarded-host"), len(addresses))
    if schemes is None or hosts is None or any(item not in {"", "http", "https"} for item in schemes):
        return None
    return [Hop(*parts) for parts in zip(addresses, schemes, hosts, strict=True)]


def _aligned(value: bytes | None, length: int) -> list[str] | None:
    """One value a hop. A lone value belongs to the nearest proxy, which is the one that wrote it; other counts are malformed."""
    if value is None:
        return [""] * length
    parts = [part.strip().lower() for part in value.decode("latin-1").split(",")]
    if len(parts) == length:
        return parts
    return [""] * (length - 1) + parts if len(parts) == 1 else None


_PAIR = re.compile(r'\s*(?P<name>[a-z]+)=(?:"(?P<quoted>[^"\\]*)"|(?P<plain>[^\s;,"]*))\s*(?P<end>[;,]|$)', re.IGNORECASE)


def _read_forwarded(text: str) -> list[Hop] | None:
    hops: list[Hop] = []
    current: dict[str, str] = {}
    at = 0
    while at < len(text):
        found = _PAIR.match(text, at)
        if found is None or found["name"].lower() in current:
            return None
        current[found["name"].lower()] = (found["quoted"] or found["plain"] or "").lower()
        at = found.end()
        if found["end"] != ";":
            hops.append(Hop(_strip_port(current.get("for", "")), current.get("proto", ""), current.get("host", "")))
            current = {}
    return None if current or any(hop.scheme not in {"", "http", "https"} for hop in hops) else hops


def _strip_port(text: str) -> str:
    """`192.0.2.1:47` and `[2001:db8::1]:47` carry a port; a bare IPv6 address does not."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text
