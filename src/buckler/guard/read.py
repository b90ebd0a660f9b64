"""The one parse: scope in, canonical Request out. Everything behind it sees only the Request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from buckler.core.address import Proxies, authority, client_key, resolve
from buckler.core.request import Request

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping

    from buckler.core.headers import Header
    from buckler.core.site import Site

_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
# Fields that are one list over several lines; every other repeated field is judged by the protection it matters to.
_JOIN_WITH = {b"cookie": b"; "}  # RFC 9113, section 8.2.3: HTTP/2 may split the cookie field


class Reader:
    """Reads requests of one site; `proxies` are those whose word on client, scheme and host is taken."""

    def __init__(self, proxies: Proxies, site: Site) -> None:
        self._proxies = proxies
        self._request: type[Request] = type("Request", (Request,), {"site": site})
        self.read = self._read_forwarded if proxies else self._read_direct

    def _read_direct(self, scope: MutableMapping[str, Any]) -> Request:
        pairs = scope["headers"]
        headers = dict(pairs)
        named = authority(headers.get(b"host", b""))
        peer = scope.get("client")
        kind = scope["type"]
        request = self._request(
            kind,
            scope["method"] if kind == "http" else "GET",
            scope["path"],
            headers,
            named.name if named is not None else "",
            _SCHEMES.get(scope.get("scheme", "http"), "http"),
            client_key(peer[0]) if peer else "",
        )
        if named is None:
            request.trouble = "host"
        else:
            request.authority = named.text
        request.raw_path = scope.get("raw_path") or b""
        request.query = scope.get("query_string") or b""
        if len(headers) != len(pairs):
            request.headers, request.repeated = _join(pairs)
        version = scope.get("http_version", "1.1")
        if version != "1.1":
            request.http_version = version
        return request

    def _read_forwarded(self, scope: MutableMapping[str, Any]) -> Request:
        """The same behind trusted proxies. The scope is corrected too: the application sees what the guard saw."""
        request = self._read_direct(scope)
        peer = scope.get("client")
        if not peer:
            return request
        hop, believed = resolve(peer[0], request.headers, self._proxies)
        if not believed:
            request.trouble = request.trouble or "forwarded"
        request.client = client_key(hop.client)
        scope["client"] = (hop.client, 0) if hop.client != peer[0] else peer
        if hop.scheme:
            request.scheme = hop.scheme
            scope["scheme"] = hop.scheme if request.kind == "http" else hop.scheme.replace("http", "ws")
        if hop.host:
            _set_host(scope, request, hop.host)
        return request


def _set_host(scope: MutableMapping[str, Any], request: Request, host: str) -> None:
    raw = host.encode("latin-1", "replace")
    named = authority(raw)
    request.host, request.authority = (named.name, named.text) if named else ("", "")
    request.trouble = request.trouble if named else "host"
    request.headers = {**request.headers, b"host": raw}
    scope["headers"] = [(b"host", raw), *((name, value) for name, value in scope["headers"] if name != b"host")]


def _join(pairs: Iterable[Header]) -> tuple[dict[bytes, bytes], frozenset[bytes]]:
    """Join repeated fields as RFC 9110, section 5.3 does, in linear time (CVE-2025-14550), and name them."""
    gathered: dict[bytes, list[bytes]] = {}
    for name, value in pairs:
        gathered.setdefault(name, []).append(value)
    headers = {name: _JOIN_WITH.get(name, b", ").join(values) for name, values in gathered.items()}
    return headers, frozenset(name for name, values in gathered.items() if len(values) > 1)
