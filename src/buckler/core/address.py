"""Which host was meant, and what counts as one client: the two questions whose wrong answer opens every other lock."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

_HOST = re.compile(r"(?P<name>[a-z0-9](?:[a-z0-9_.-]{0,252}[a-z0-9])?\.?|\[[0-9a-f:.]{2,45}\])(?::(?P<port>[0-9]{1,5}))?")
_MAX_PORT = 65_535
_NAT64 = 0x0064_FF9B << 96  # 64:ff9b::/96 (RFC 6052): the last 32 bits are somebody's IPv4 address
_LOW_32, _LOW_64 = 2**32 - 1, 2**64 - 1


class Authority(NamedTuple):
    """`name` without port and without trailing dot, `port` or None, `text` as the client named it (lower-case)."""

    name: str
    port: int | None
    text: str


def authority(value: bytes) -> Authority | None:
    """Parse a Host header (RFC 9110, section 7.2); None for anything else, such as `a/admin?` or `user@host`.

    Deliberately not cached: a cache of whatever strangers send as `Host` would hold megabytes of it.
    """
    text = value.decode("latin-1").lower()
    found = _HOST.fullmatch(text)
    if found is None or ".." in text:
        return None
    port = int(found["port"]) if found["port"] else None
    if port is not None and port > _MAX_PORT:
        return None
    return Authority(found["name"].rstrip("."), port, text)


@lru_cache(maxsize=8192)
def client_key(text: str) -> str:
    """Return the one key of a client: an IPv4 address, or the /64 of an IPv6 one (v4-mapped folded); "" when unparsable.

    A home gets a whole /64, so counting single IPv6 addresses would hand an attacker 2^64 fresh buckets. A provider that gives a
    customer a /48 hands out 65,536 of these keys: limits by account and by route stand behind the one by client.
    """
    parsed = parse_address(text)
    if parsed is None:
        return ""
    if isinstance(parsed, IPv4Address):
        return str(parsed)
    return f"{IPv6Address(int(parsed) & ~_LOW_64)}/64"


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address, with IPv4 inside IPv6 (v4-mapped, NAT64) folded to IPv4 and zone ids dropped; None when it is none."""
    try:
        parsed = ip_address(text)
    except ValueError:
        return None
    if isinstance(parsed, IPv4Address):
        return parsed
    number = int(parsed)
    if parsed.ipv4_mapped is not None or number & ~_LOW_32 == _NAT64:
        return IPv4Address(number & _LOW_32)
    return IPv6Address(number)
