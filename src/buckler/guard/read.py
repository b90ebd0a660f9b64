"""The one parse: scope in, canonical Request out. Everything behind it sees only the Request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from buckler.core.address import Authority, authority, client_key
from buckler.core.proxies import Hop, Proxies, resolve
from buckler.core.request import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, MutableMapping

    from buckler.core.headers import Header
    from buckler.core.site import Site

_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
_MAX_KNOWN = 4096  # host names, addresses and ways whose parse is remembered; a flood of new ones only empties the memory
_MAX_KNOWN_BYTES = 512  # of one way; what is longer is read each time, so that all of them stay within a few MiB
# Fields that are one list over several lines; every other repeated field is judged by the protection it matters to.
_JOIN_WITH = {b"cookie": b"; "}  # RFC 9113, section 8.2.3: HTTP/2 may split the cookie field
_NOWHERE = Authority("", None, "")


def reader(proxies: Proxies, site: Site) -> Callable[[MutableMapping[str, Any]], Request]:
    """Return the function that reads requests of one site; `proxies` are those whose word on client, scheme and host is taken."""
    direct = _direct(type("Request", (Request,), {"site": site}))
    if not proxies:
        return direct

    known: dict[tuple[str, bytes | None, bytes | None, bytes | None, bytes | None], tuple[Hop, bool]] = {}

    def read_forwarded(scope: MutableMapping[str, Any]) -> Request:
        request = direct(scope)
        get = request.headers.get
        peer = (scope.get("client") or ("",))[0]  # "": a Unix socket
        told = (peer, get(b"forwarded"), get(b"x-forwarded-for"), get(b"x-forwarded-proto"), get(b"x-forwarded-host"))
        found = known.get(told)
        if found is None:
            found = resolve(peer, request.headers, proxies)
            if sum(len(part) for part in told if part) <= _MAX_KNOWN_BYTES:
                if len(known) >= _MAX_KNOWN:
                    known.clear()
                known[told] = found
        _believe(scope, request, peer, *found)
        return request

    return read_forwarded


def _direct(kind_of_request: type[Request]) -> Callable[[MutableMapping[str, Any]], Request]:
    """A closure over two small memories, filled attribute by attribute: a constructor call would cost a fifth of the whole parse."""
    new = kind_of_request.__new__
    hosts: dict[bytes, Authority] = {}
    clients: dict[str, str] = {}

    def read(scope: MutableMapping[str, Any]) -> Request:
        pairs = scope["headers"]
        headers = dict(pairs)
        request = new(kind_of_request)
        request.kind = kind = scope["type"]
        request.method = scope["method"] if kind == "http" else "GET"
        request.path = scope["path"]
        request.headers = headers
        try:  # every server sends all of this; ASGI calls some of it optional
            request.raw_path = scope["raw_path"] or b""
            request.query = scope["query_string"]
            request.scheme = _SCHEMES[scope["scheme"]]
            if scope["http_version"] != "1.1":
                request.http_version = scope["http_version"]
            named = hosts[headers[b"host"]]
            request.client = clients[scope["client"][0]]
        except (KeyError, TypeError):
            named = _carefully(scope, request, hosts, clients)
        request.host = named.name
        request.authority = named.text
        if len(headers) != len(pairs):
            request.headers, request.repeated = _join(pairs)
        return request

    return read


def _carefully(scope: MutableMapping[str, Any], request: Request, hosts: dict[bytes, Authority], clients: dict[str, str]) -> Authority:
    """What the fast way had not met yet, or what the server left out."""
    request.raw_path = scope.get("raw_path") or b""
    request.query = scope.get("query_string") or b""
    request.scheme = _SCHEMES.get(scope.get("scheme") or "http", "http")
    request.http_version = scope.get("http_version") or "1.1"
    peer = (scope.get("client") or ("",))[0]
    if len(clients) >= _MAX_KNOWN:
        clients.clear()
    request.client = clients[peer] = client_key(peer)
    raw_host = request.headers.get(b"host", b"")
    named = authority(raw_host)
    if named is None:
        request.trouble = "host"
        return _NOWHERE
    if len(hosts) >= _MAX_KNOWN:
        hosts.clear()
    hosts[raw_host] = named
    return named


def _believe(scope: MutableMapping[str, Any], request: Request, peer: str, hop: Hop, believed: bool) -> None:
    """Take the word of trusted proxies. The scope is corrected too: the application sees what the guard saw."""
    if not believed:
        request.trouble = request.trouble or "forwarded"
    if hop.client != peer:
        request.client = client_key(hop.client)
        scope["client"] = (hop.client, 0)
    if hop.scheme:
        request.scheme = hop.scheme
        scope["scheme"] = hop.scheme if request.kind == "http" else hop.scheme.replace("http", "ws")
    if hop.host:
        _set_host(scope, request, hop.host)


def _set_host(scope: MutableMapping[str, Any], request: Request, host: str) -> None:
    raw = host.encode("latin-1", "replace")
    named = authority(raw)
    request.host, request.authority = (named.name, named.text) if named else ("", "")
    request.trouble = "" if named else "host"
    request.headers = {**request.headers, b"host": raw}
    scope["headers"] = [(b"host", raw), *((name, value) for name, value in scope["headers"] if name != b"host")]


def _join(pairs: Iterable[Header]) -> tuple[dict[bytes, bytes], frozenset[bytes]]:
    """Join repeated fields as RFC 9110, section 5.3 does, in linear time (CVE-2025-14550), and name them."""
    gathered: dict[bytes, list[bytes]] = {}
    for name, value in pairs:
        gathered.setdefault(name, []).append(value)
    headers = {name: _JOIN_WITH.get(name, b", ").join(values) for name, values in gathered.items()}
    return headers, frozenset(name for name, values in gathered.items() if len(values) > 1)
