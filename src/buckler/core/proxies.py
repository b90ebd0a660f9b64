"""Who is calling, when the socket's peer is a proxy of ours: the chain is walked from us outwards, over trusted hops only.

Whoever sits behind a proxy must see to one thing that no server can see: that the proxy itself sets (or appends to)
`X-Forwarded-For` or `Forwarded`. A proxy that sets neither passes on whatever the visitor wrote there.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Network, ip_network
from typing import TYPE_CHECKING, NamedTuple

from buckler.core.address import parse_address
from buckler.core.options import need
from buckler.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from ipaddress import IPv4Network, IPv6Address

UNIX = "unix"  # in place of a network: the peer of a Unix socket, which has no address
_OPTION = "Guard.trusted_proxies"
_MAX_HOPS = 32  # a longer chain is an attack on the parser, not a network
_WHITE = " \t"
_NOBODY = "?"  # an empty member of a list: no address, and not silence either
_SCHEMES = {"": "", "http": "http", "https": "https", "ws": "http", "wss": "https"}  # some proxies tell ws and wss of WebSockets
_PORT = re.compile(r"(?::[0-9]{1,5})?")


class Hop(NamedTuple):
    """What one forwarding proxy says: who called it, by which scheme, for which host. "" where it does not say."""

    client: str
    scheme: str = ""
    host: str = ""


class Proxies:
    """The proxies that are believed: by network (`["10.0.0.0/8", "unix"]`) or by number of hops (`1`). None believed by default."""

    def __init__(self, trusted: int | Sequence[str]) -> None:
        counted = isinstance(trusted, int) and not isinstance(trusted, bool)
        listed = isinstance(trusted, (list, tuple, set, frozenset)) and all(isinstance(item, str) for item in trusted)
        need(counted or listed, _OPTION, trusted, 'give a number of hops, or a list of networks as in ["10.0.0.0/8"]')
        self.hops = trusted if isinstance(trusted, int) else 0
        need(self.hops >= 0, _OPTION, trusted, "give a number of hops of 0 or more")
        named = () if isinstance(trusted, int) else tuple(trusted)
        self.unix = UNIX in named or self.hops > 0
        self.networks = tuple(_network(item) for item in named if item != UNIX)

    def __bool__(self) -> bool:
        return self.unix or bool(self.networks)

    def trusts(self, address: IPv4Address | IPv6Address | None, distance: int) -> bool:
        """Whether `address`, `distance` hops away from us (0 = the socket's peer), is one of ours. None: a Unix socket's peer."""
        if self.hops:
            return distance < self.hops
        return self.unix if address is None else any(address in network for network in self.networks)


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        network = ip_network(text, strict=False)
    except ValueError as error:
        raise ConfigError(_OPTION, text, f"give a network such as 10.0.0.0/8, `{UNIX}`, or a number of hops") from error
    need(network.prefixlen, _OPTION, text, "name the proxies' own networks, or give the number of hops: this believes everybody")
    mapped = isinstance(network, IPv6Network) and network.network_address.ipv4_mapped is not None
    need(not mapped, _OPTION, text, "write an IPv4 network as IPv4")
    return network


def resolve(peer: str, headers: Mapping[bytes, bytes], proxies: Proxies) -> tuple[Hop, bool]:
    """Return the first hop that is not ours, its `client` in canonical form, and whether the forwarding headers could be believed.

    When they could not, nothing in them is: refuse to believe, never skip (CVE-2024-47070). Where both `Forwarded` and
    `X-Forwarded-*` are there they must agree, because a proxy that writes only one of them passes on a forged other one.
    Names with underscores are never looked at, because some servers fold `X_Forwarded_For` into the real name
    (GHSA-5m6w-wvh7-57vm). Cost: linear in the length of the headers; a chain of more than 32 hops is not read.
    """
    address = parse_address(peer) if peer else None
    if (peer and address is None) or not proxies.trusts(address, 0):
        return Hop(peer), True
    told = Hop("")
    for chain in _chains(headers):
        hop = None if chain is None else _walk(chain, proxies)
        if hop is None or not _agree(told, hop):
            return Hop(peer), False
        told = Hop(hop.client or told.client, hop.scheme or told.scheme, hop.host or told.host)
    client = parse_address(told.client)
    if client is not None and client.is_loopback and not (address is None or address.is_loopback):
        return Hop(peer), False  # nobody calls a distant proxy from our own loopback (CVE-2025-46814)
    return Hop(told.client or peer, told.scheme, told.host), True


def _agree(one: Hop, other: Hop) -> bool:
    return all(a == b or not a or not b for a, b in zip(one, other, strict=True))


def _walk(chain: list[Hop], proxies: Proxies) -> Hop | None:
    """The outermost hop that may be believed; what it does not say, the nearer ones do. None when one on the way is unreadable."""
    current = Hop("")
    for distance, hop in enumerate(reversed(chain), start=1):
        address, scheme = parse_address(hop.client), _SCHEMES.get(hop.scheme)
        if scheme is None or (address is None and hop.client):
            return None
        current = Hop("" if address is None else str(address), scheme or current.scheme, hop.host or current.host)
        if address is None or not proxies.trusts(address, distance):
            break
    return current


def _chains(headers: Mapping[bytes, bytes]) -> list[list[Hop] | None]:
    """The chains that are told, each nearest hop last; None for a malformed one."""
    chains: list[list[Hop] | None] = []
    forwarded = headers.get(b"forwarded")
    if forwarded is not None:
        chains.append(_read_forwarded(forwarded.decode("latin-1")))
    told = [headers.get(name) for name in (b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host")]
    if told != [None, None, None]:
        chains.append(_read_x_forwarded(*told))
    return chains


def _read_x_forwarded(clients: bytes | None, schemes: bytes | None, hosts: bytes | None) -> list[Hop] | None:
    if clients is None:
        addresses = [""]  # a proxy that tells only the scheme or the host
    elif clients.count(b",") >= _MAX_HOPS:
        return None
    else:
        addresses = [_without_port(part.strip(_WHITE)) or _NOBODY for part in clients.decode("latin-1").split(",")]
    by_scheme, by_host = _aligned(schemes, len(addresses)), _aligned(hosts, len(addresses))
    if by_scheme is None or by_host is None:
        return None
    return [Hop(*parts) for parts in zip(addresses, by_scheme, by_host, strict=True)]


def _aligned(value: bytes | None, length: int) -> list[str] | None:
    """One value a hop. A lone value belongs to the nearest proxy, which is the one that wrote it; other counts are malformed."""
    if value is None:
        return [""] * length
    if value.count(b",") >= _MAX_HOPS:
        return None
    parts = [part.strip(_WHITE).lower() for part in value.decode("latin-1").split(",")]
    if len(parts) == length:
        return parts
    return [""] * (length - 1) + parts if len(parts) == 1 else None


_PAIR = re.compile(r'[ \t]*(?P<name>[a-z]+)=(?:"(?P<quoted>[^"\\]*)"|(?P<plain>[^ \t;,"]+))[ \t]*(?P<end>[;,]|\Z)', re.IGNORECASE)


def _read_forwarded(text: str) -> list[Hop] | None:
    """Read RFC 7239, without escapes in quoted strings, which neither an address nor a host needs."""
    hops: list[Hop] = []
    pairs: dict[str, str] = {}
    at, end = 0, ","
    while at < len(text) or end != "":
        found = _PAIR.match(text, at)
        if found is None or found["name"].lower() in pairs or len(hops) >= _MAX_HOPS:
            return None
        pairs[found["name"].lower()] = (found["quoted"] or found["plain"] or "").lower()
        at, end = found.end(), found["end"]
        if end != ";":
            client = _without_port(pairs.get("for", "")) or _NOBODY
            hops.append(Hop(client, pairs.get("proto", ""), pairs.get("host", "")))
            pairs = {}
    return hops


def _without_port(text: str) -> str:
    """`192.0.2.1:47` and `[2001:db8::1]:47` carry a port; a bare IPv6 address does not. What is neither stays, and is no address."""
    if text.startswith("["):
        inside, _, port = text[1:].partition("]")
    elif text.count(":") == 1:
        inside, colon, port = text.partition(":")
        port = colon + port
    else:
        return text
    return inside if _PORT.fullmatch(port) else text
