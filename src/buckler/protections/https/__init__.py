"""`https`: nothing of the site travels in the clear.

Stops:
    Pages, forms and WebSockets over plain HTTP, which anybody on the way can read and change.

How:
    A plain GET or HEAD is sent to the same address under `https` with 308; every other method is refused with 403, because what
    it carried has already been in the clear and the sender must notice; so is a plain WebSocket. The redirect goes to the host
    that was asked for (`hosts` has checked it), to `port`, and to the path and query as they came; a target that is not plain
    printable characters behind one slash, or that is longer than 4,096 bytes, leads to the start page. Behind a proxy that ends TLS the
    scheme is what the trusted proxy says; when no proxy is trusted and one says `https`, a redirect would never end, so the request
    is refused and the operator told. In development, plain HTTP on this machine's own names is allowed: browsers treat it as secure.

Does not stop:
    The first plain request of a visitor from being answered by an attacker: that is what `hsts` is for.

Turn off when:
    Never on a public site. A route that must answer a plain request, such as a load balancer's health check, says so itself:
    `plain_http(because="…")`.

Sources:
    RFC 9110 section 15.4.9; W3C Secure Contexts section 3.1; ASVS 5.0 V4.1.2, V12.2.1; CWE-319, CWE-601, CWE-113.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, TypeVar
from urllib.parse import quote

from buckler.core.answer import Refusal, refusal
from buckler.core.marks import mark
from buckler.core.options import need, options
from buckler.core.protection import Card, Steps
from buckler.protections.https.cases import CASES

if TYPE_CHECKING:
    from collections.abc import Callable

    from buckler.core.request import Request
    from buckler.core.site import Site

T = TypeVar("T")
MARK = "https"
_ADVICE = "Use the address that begins with https://."
REDIRECT = refusal(308, "https.redirect", "This page is served over HTTPS only.", _ADVICE, mark=MARK)
PLAIN_WRITE = refusal(403, "https.plain_write", "This request was sent without encryption.", _ADVICE, mark=MARK)
PLAIN_SOCKET = refusal(403, "https.plain_socket", "This connection was opened without encryption.", _ADVICE, mark=MARK)
UNTRUSTED_PROXY = refusal(
    403, "https.untrusted_proxy", "A proxy says that this request came over HTTPS, but no proxy is trusted.",
    "If this is your site: name the proxy in Guard(trusted_proxies=…).", mark=MARK,
)  # fmt: skip

_HTTPS_PORT, _MAX_PORT = 443, 65_535
_MAX_TARGET_BYTES = 4096
# Printable; one slash in front; no backslash in the path, where browsers read it as a slash.
_TARGET = re.compile(rb"/(?:[!-.0->@-\[\]-~][!->@-\[\]-~]*)?(?:\?[!-~]*)?")
_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "[::1]"})


@options
class HTTPS:
    """`port`: where `https` is served, as visitors see it."""

    card: ClassVar[Card] = Card("https", (REDIRECT, PLAIN_WRITE, PLAIN_SOCKET, UNTRUSTED_PROXY))
    cases: ClassVar = CASES
    port: int = _HTTPS_PORT  # the one that a browser takes when none is named (RFC 9110, section 4.2.2)
    report_only: bool = False

    def __post_init__(self) -> None:
        good = isinstance(self.port, int) and 0 < self.port <= _MAX_PORT
        need(good, "HTTPS.port", self.port, "give a port between 1 and 65535")

    def steps(self, site: Site) -> Steps:
        """Return the check: one comparison for an encrypted request."""
        behind, development = site.behind_proxies, site.development
        port = "" if self.port == _HTTPS_PORT else f":{self.port}"

        def check(request: Request) -> Refusal | None:
            return None if request.scheme == "https" else plain(request)

        def plain(request: Request) -> Refusal | None:
            if development and (request.host in _THIS_MACHINE or request.host.endswith(".localhost")):
                return None
            if not behind and request.headers.get(b"x-forwarded-proto", b"").strip().lower() == b"https":
                return UNTRUSTED_PROXY
            if request.kind == "websocket":
                return PLAIN_SOCKET
            if request.method not in {"GET", "HEAD"} or not request.host:
                return PLAIN_WRITE
            return REDIRECT.with_headers((b"location", f"https://{request.host}{port}".encode("latin-1") + _target(request)))

        return Steps(check=check)


def _target(request: Request) -> bytes:
    """Path and query as they came, or the start page where they could be read as something else."""
    path = request.raw_path or quote(request.path, errors="replace").encode()
    target = path + b"?" + request.query if request.query else path
    return target if len(target) <= _MAX_TARGET_BYTES and _TARGET.fullmatch(target) else b"/"


def plain_http(*, because: str) -> Callable[[T], T]:
    """Return a decorator that lets a route answer over plain HTTP. `because` says why, for whoever reads the code next."""
    need(isinstance(because, str) and because.strip(), "plain_http.because", because, "say in a sentence why this route needs it")
    return mark(MARK, because)
