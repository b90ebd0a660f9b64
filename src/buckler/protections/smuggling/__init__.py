"""`smuggling`: everybody agrees where a request ends.

Stops:
    Requests whose length a proxy in front and this server could read differently, so that the rest of one visitor's request
    becomes the beginning of another one's; methods that no application serves (`TRACE`, `CONNECT`, made-up and lower-case ones),
    which layers treat by different rules.

How:
    A `Content-Length` must be one plain number of at most 19 digits. A `Transfer-Encoding` must be exactly `chunked`, once, in
    HTTP/1.1, and without a `Content-Length` beside it. The method must be one of `methods`. Refused with 400 (501 for a method)
    and `Connection: close`, so that nothing that follows on the connection is read as a request. Most of it is refused by the
    server's parser already: uvicorn (httptools) lets through `Transfer-Encoding: gzip, chunked`, `Transfer-Encoding` in HTTP/1.0,
    and `TRACE`; granian lets through every method, a repeated `Transfer-Encoding`, and `gzip, chunked`. Those end here.

Does not stop:
    What the server hides: granian drops the `Content-Length` beside a `Transfer-Encoding`, and one of two equal `Content-Length`s,
    before an application can see them. Malformed chunks are the server's to refuse. Header names with underscores are left alone:
    Buckler never reads them, but an application behind a WSGI server must not either.

Turn off when:
    Never. An application with methods of its own (WebDAV) names them in `methods`.

Sources:
    RFC 9112 sections 6.1, 6.3 and 11.2; RFC 9110 section 9; ASVS 5.0 V4.2.1; CWE-444; CVE-2025-43859, GHSA-w3h3-4rj7-4ph4.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from buckler.core.answer import Refusal, refusal
from buckler.core.options import need, need_strings, options
from buckler.core.protection import Card, Steps
from buckler.protections.smuggling.cases import CASES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from buckler.core.request import Request
    from buckler.core.site import Site

_ADVICE = "Send the request again in another way, or tell the site's operator."
LENGTH = refusal(400, "smuggling.length", "The length of the request is not one number.", _ADVICE)
ENCODING = refusal(400, "smuggling.encoding", "The request is encoded for transfer in a way that is not understood.", _ADVICE)
TWO_LENGTHS = refusal(400, "smuggling.two_lengths", "The request gives its length in two ways.", _ADVICE)
METHOD = refusal(501, "smuggling.method", "This site does not know that method.", "Use the site's own pages.")

_LENGTH = re.compile(rb"[0-9]{1,19}")
_COMMON = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_METHOD = re.compile(r"[A-Z][A-Z-]*")
_NEVER = frozenset({"TRACE", "CONNECT"})  # one echoes what cookies hide from scripts, the other is a proxy's


@options
class Smuggling:
    """`methods`: the methods that the application serves, in capitals. `TRACE` and `CONNECT` can not be among them."""

    card: ClassVar[Card] = Card("smuggling", (LENGTH, ENCODING, TWO_LENGTHS, METHOD))
    cases: ClassVar = CASES
    methods: Sequence[str] = _COMMON  # RFC 9110, section 9.3 and RFC 5789, but CONNECT and TRACE: those are for proxies
    report_only: bool = False

    def __post_init__(self) -> None:
        need_strings(self, "methods", self.methods)
        for method in self.methods:
            fix = "name methods in capitals, as in PROPFIND; TRACE and CONNECT are never served"
            need(_METHOD.fullmatch(method) and method not in _NEVER, "Smuggling.methods", method, fix)

    def steps(self, site: Site) -> Steps:  # noqa: ARG002  # the same on every site
        """Return the check: three look-ups for a request without a body."""
        methods = frozenset(self.methods)

        def check(request: Request) -> Refusal | None:
            headers = request.headers
            if request.method not in methods:
                return METHOD
            if b"transfer-encoding" in headers:
                return TWO_LENGTHS if b"content-length" in headers else _encoding(request)
            if b"content-length" in headers:
                return None if _LENGTH.fullmatch(headers[b"content-length"]) else LENGTH
            return None

        return Steps(check=check)


def _encoding(request: Request) -> Refusal | None:
    """Repeated fields were joined by the parse, so that two of them are no longer `chunked`."""
    plain = request.http_version == "1.1" and request.headers[b"transfer-encoding"].lower() == b"chunked"
    return None if plain else ENCODING
