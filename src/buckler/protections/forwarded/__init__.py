"""`forwarded`: what the trusted proxies say about a request is readable, or the request is refused.

Stops:
    Requests whose forwarding headers were made unreadable or contradictory on purpose, so that limits, logs and rules by client
    address count them as somebody else, as the proxy itself, or not at all.

How:
    Only on a site with `trusted_proxies`. The chain in `Forwarded` or `X-Forwarded-*` is walked from our socket outwards, and
    ends at the first address that is not a trusted proxy: what the visitor wrote to the left of it is never read. When a hop on
    that way is no address, when the lists do not fit together, when both families of headers are there and disagree, or when a
    distant proxy names our own loopback address, nothing is believed and the request is refused with 400. A proxy that sends no
    forwarding header asks for itself (a health check), and passes. Without trusted proxies these headers are never looked at.

Does not stop:
    A proxy that is trusted and does not set `X-Forwarded-For` or `Forwarded` itself: it passes on whatever the visitor wrote.

Turn off when:
    Never behind proxies. Without `trusted_proxies` it does nothing and costs nothing.

Sources:
    RFC 7239; ASVS 5.0 V4.1.3; CWE-348, CWE-290; CVE-2024-47070, CVE-2023-36456, CVE-2025-46814, CVE-2025-59152.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from buckler.core.answer import Refusal, refusal
from buckler.core.options import options
from buckler.core.protection import Card, Steps
from buckler.protections.forwarded.cases import CASES

if TYPE_CHECKING:
    from buckler.core.request import Request
    from buckler.core.site import Site

UNREADABLE = refusal(
    400, "forwarded.unreadable", "The way of this request cannot be read.", "Try again without a proxy, or tell the site's operator."
)


@options
class Forwarded:
    """Has no options of its own: the proxies are a fact of the site, `Guard(trusted_proxies=[…])`."""

    card: ClassVar[Card] = Card("forwarded", (UNREADABLE,))
    cases: ClassVar = CASES
    report_only: bool = False

    def steps(self, site: Site) -> Steps:
        """Return the check, or nothing where no proxy is trusted."""

        def check(request: Request) -> Refusal | None:
            return UNREADABLE if request.trouble == "forwarded" else None

        return Steps(check=check) if site.behind_proxies else Steps()
