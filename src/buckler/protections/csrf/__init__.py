"""`csrf`: another site cannot act in a visitor's name.

Stops:
    Cross-site and same-site (sibling sub-domain) requests that change state with the visitor's cookies: forms, `fetch`, JSON
    sent as `text/plain`, sign-in with the attacker's account, WebSocket handshakes.

How:
    For methods that change state, and for WebSocket handshakes, in this order:
    1. `Sec-Fetch-Site` is `same-origin` or `none`: passes.
    2. The `Origin` is one of `trusted_origins`: passes.
    3. `Sec-Fetch-Site` is anything else: refused.
    4. There is an `Origin`: it must be this site's own origin.
    5. Neither, and the request carries the session cookie (a browser from before 2020): it must carry the session's token,
       in `X-CSRF-Token` or the form field `csrf_token`.
    6. Neither, and no session: not a browser acting for somebody; passes.

Does not stop:
    Requests of scripts that run on this site's own origin (that is what `csp` is for), and state changes behind GET.

Turn off when:
    The application authenticates every request by a header that a browser never adds by itself, and has no sign-in form.

Sources:
    W3C Fetch Metadata; RFC 6454; Go 1.25 `http.CrossOriginProtection`; ASVS 5.0 V3.5.1, V3.5.3; CWE-352, CWE-1385;
    CVE-2021-32677, CVE-2025-47910.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from buckler.core.answer import Refusal, refusal
from buckler.core.options import need, need_strings, options
from buckler.core.protection import Card, Steps, Wait
from buckler.protections.csrf.cases import CASES
from buckler.protections.csrf.token import MAX_FORM_BYTES, holds_token, make_token

if TYPE_CHECKING:
    from collections.abc import Sequence

    from buckler.core.request import Request
    from buckler.core.site import Site
    from buckler.core.store import Op, Reply

MARK = "csrf"
CROSS_SITE = refusal(
    403, "csrf.cross_site", "This request came from another site.", "Open the page on this site and try again there.", mark=MARK
)
NO_TOKEN = refusal(403, "csrf.no_token", "This form is no longer valid.", "Load the page again, and send the form once more.", mark=MARK)


@options
class CSRF:
    """`trusted_origins`: other origins whose requests may change state here, as `https://pay.example`."""

    card: ClassVar[Card] = Card("csrf", (CROSS_SITE, NO_TOKEN), needs=("sessions",))
    cases: ClassVar = CASES
    trusted_origins: Sequence[str] = ()
    report_only: bool = False

    def __post_init__(self) -> None:
        need_strings(self, "trusted_origins", self.trusted_origins)
        for origin in self.trusted_origins:
            parts = urlsplit(origin)
            good = parts.scheme in {"http", "https"} and parts.netloc and origin == f"{parts.scheme}://{parts.netloc}".lower()
            need(good, "CSRF.trusted_origins", origin, "give scheme, host and port only, in lower case, as in https://pay.example")

    def steps(self, site: Site) -> Steps:
        """Return the check for methods that change state, and the wait for browsers that need a token."""
        trusted = frozenset(origin.encode() for origin in self.trusted_origins)
        site.offers["csrf"] = lambda request: make_token(request, site.keys)

        def check_unsafe(request: Request) -> Refusal | None:
            headers = request.headers
            fetch_site, origin = headers.get(b"sec-fetch-site"), headers.get(b"origin")
            if fetch_site == b"same-origin" or fetch_site == b"none" or origin in trusted:  # noqa: PLR1714  # twice as fast
                return None
            if fetch_site is not None:
                return CROSS_SITE
            if origin is not None:
                return None if origin == request.origin.encode() else CROSS_SITE
            if b"cookie" in headers:
                request.waits, request.want_body_bytes = True, MAX_FORM_BYTES
            return None

        def ask(request: Request) -> list[Op] | None:
            return [] if request.want_body_bytes else None

        def judge(request: Request, replies: list[Reply]) -> Refusal | None:  # noqa: ARG001  # asks the store nothing
            return None if request.session is None or holds_token(request, site.keys) else NO_TOKEN

        return Steps(check_unsafe=check_unsafe, wait=Wait(ask, judge))
