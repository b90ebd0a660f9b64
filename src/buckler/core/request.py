"""The canonical request: host, path, scheme and client address are decided once, and protections see only these."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from buckler.core.answer import Refusal
    from buckler.core.headers import Header
    from buckler.core.pace import Pace
    from buckler.core.site import Site

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})  # RFC 9110, section 9.2.1
_NO_NAMES: frozenset[bytes] = frozenset()


class Request:
    """One parse of the scope. Deliberately keeps no reference to the scope: scope → request → scope would be a cycle, and
    one cycle a request, left to the garbage collector, was measured to turn p99 from 1.3 ms into 45 ms.

    Made by the guard's reader alone, attribute by attribute. Class attributes are the values of an untouched request: an
    instance pays only for what it sets.
    """

    site: ClassVar[Site]  # set on the subclass that each guard makes: the same for all its requests, so no request pays for it

    kind: str  # "http" or "websocket"
    method: str
    path: str  # decoded, as the router sees it
    raw_path: bytes  # as it came over the wire, without the query
    query: bytes
    headers: Mapping[bytes, bytes]  # lower-case names; repeated ones joined
    scheme: str  # "http" or "https", also for WebSocket
    host: str  # lower-case name or address, without port; "" when there is no believable one
    authority: str  # host and port as the client named them, lower-case
    client: str  # one key a client: the IPv4 address, or the IPv6 /64; "" when unknown
    http_version: str = "1.1"
    repeated: frozenset[bytes] = _NO_NAMES  # names of headers that came more than once
    trouble: str = ""  # what the parse would not believe: "host", "forwarded"

    # What happened on the way; written by the guard, by protections and by framework adapters.
    waits: bool = False  # a check says: ask me again in the wait phase, with the store
    want_body_bytes: int = 0  # a check asks the guard to read a small body before `judge`; set `waits` too
    body: bytes | None = None
    session: object | None = None  # set by `sessions`
    touched: bool = False  # something of this one caller reached the response: the exact way of dressing it
    tainted: str = ""  # what of this one caller the application has looked at: the response is nobody else's
    unkeyed: str = ""  # headers that the application has looked at and that no cache has in its key: "a, b"
    turn: Any = None  # what the cache does for this request; None: nothing
    moment: Any = None  # when the application began, as the cache counts
    inside: int = 0  # how many gates have counted it in
    entered_s: float = 0.0  # when its work began, on a clock that never steps back; 0 while it holds no place at work
    refusal: Refusal | None = None  # set after routing: the guard answers with it in place of the application
    started: bool = False  # the response head has been sent
    max_body_bytes: int | None = None  # a route's own limit, from its mark
    pace: Pace | None = None  # of a body that is arriving
    extra_headers: tuple[Header, ...] = ()  # for this response alone; set `touched` too
    _nonce: str = ""
    _notes: dict[str, object] | None = None

    @property
    def origin(self) -> str:
        """The origin of this site as the client sees it: `https://shop.example:8443` (RFC 6454, so without the default port)."""
        return f"{self.scheme}://{self.authority.removesuffix(':443' if self.scheme == 'https' else ':80')}"

    @property
    def nonce(self) -> str:
        """128 random bits for this response's Content-Security-Policy; made at first use, which marks the response as touched."""
        if not self._nonce:
            self._nonce = secrets.token_urlsafe(16)
            self.touched = True
        return self._nonce

    @property
    def has_nonce(self) -> bool:
        """Whether the page asked for its nonce."""
        return bool(self._nonce)

    def taint(self, why: str) -> None:
        """Say that the application has looked at something of this one caller: `session`, `cookie`, `authorization`, … The response is
        then private, whatever it says of itself."""
        if not self.tainted:
            self.tainted = why
            self.touched = True

    @property
    def notes(self) -> frozenset[str]:
        """The names of everything that was noted."""
        return frozenset(self._notes or ())

    def note(self, name: str, value: object) -> None:
        """Keep `value` for this request under a protection's id; the response is then dressed by the exact way."""
        if self._notes is None:
            self._notes = {}
        self._notes[name] = value
        self.touched = True

    def noted(self, name: str) -> object | None:
        """Return what `note` kept, or None."""
        return None if self._notes is None else self._notes.get(name)
