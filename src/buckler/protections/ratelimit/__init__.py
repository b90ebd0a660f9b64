"""`ratelimit`: nobody gets more than a fair share.

Stops:
    A single client that floods the site; guessing of passwords and codes on routes that say `limited(…)`, also from many
    addresses against one account, and with many tasks at once.

How:
    Every client (an IPv4 address, or a whole IPv6 /64) has one quota for the whole site, counted in the memory of each worker
    process and decided before anything else is looked at. It ignores path and method, so no spelling of a path is a way round.
    Routes add limits of their own, by client, by account, by route or for the whole site, counted in the shared store: all limits
    of a request in one atomic round trip. The algorithm is GCRA: a burst of the whole quota, then evenly. A success never gives
    anything back. A request may have a price, a worker may take a part of a quota on lease and spend it without the store, and a limit may
    be in milliseconds of processor time, which are measured while the request runs and charged when it is over; what is used beyond the
    quota is owed, and paid before the next request.

Does not stop:
    A flood from very many addresses (that is what a network in front is for), and traffic so heavy that the machine cannot read
    it. The site-wide quota is per worker: with eight workers a client gets up to eight times as much. Processor time is known when it has
    been used: requests that run at the same time are let in by what requests of their route have used lately.

Turn off when:
    A proxy in front limits every client already; keep the routes' limits then, with `flood=None`.

Sources:
    RFC 6585 section 4; draft-ietf-httpapi-ratelimit-headers-11; ASVS 5.0 V2.4.1, V6.3.1; OWASP API4:2023; CWE-307, CWE-770, CWE-799;
    CVE-2025-59152, CVE-2026-47203, CVE-2024-1722, GHSA-x732-6j76-qmhm, GHSA-5m6w-wvh7-57vm.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from buckler.core.answer import refusal
from buckler.core.event import Event
from buckler.core.options import need_positive, options
from buckler.core.protection import Card, Steps
from buckler.core.rate import Rate, rate
from buckler.protections.ratelimit.cases import CASES
from buckler.protections.ratelimit.fields import policy_field, retry_field
from buckler.protections.ratelimit.flood import flood_check
from buckler.protections.ratelimit.limits import EXCEEDED, UNAVAILABLE, Limits

if TYPE_CHECKING:
    from collections.abc import Callable

    from buckler.core.answer import Refusal
    from buckler.core.request import Request
    from buckler.core.site import Site

FLOOD = refusal(429, "ratelimit.flood", "Too many requests came from your network.", "Wait a little, then try again.")
_POLICY = "flood"


@options
class RateLimit:
    """`flood`: what one client may ask of one worker, as `600/minute`; None for no such limit. `max_clients`: how many clients a worker
    remembers, twice over; 100,000 need less than 64 MiB."""

    card: ClassVar[Card] = Card("ratelimit", (FLOOD, EXCEEDED, UNAVAILABLE))
    cases: ClassVar = CASES
    flood: str | None = "600/minute"  # ten requests a second: several pages at once, each with its pictures
    max_clients: int = 100_000  # both generations together: 37 MiB after ten million IPv6 networks, as measured
    report_only: bool = False

    def __post_init__(self) -> None:
        need_positive(self, max_clients=self.max_clients)
        if self.flood is not None:
            rate("RateLimit.flood", self.flood)

    def steps(self, site: Site) -> Steps:
        """Return the site-wide check. Offers the `Limits` of routes to framework adapters."""
        site.offers["ratelimit"] = Limits(site, report_only=self.report_only)
        if self.flood is None:
            return Steps()
        allowed = rate("RateLimit.flood", self.flood)
        return Steps(check=flood_check(allowed, self.max_clients, site.clock.monotonic, _refuser(site, allowed)))


def _refuser(site: Site, allowed: Rate) -> Callable[[Request, float], Refusal]:
    """Return the maker of refusals: one a second to wait, made once. The first one that a proxy seems to have caused is noted."""
    made: dict[int, Refusal] = {}
    hinted = False

    def refused(request: Request, wait_s: float) -> Refusal:
        nonlocal hinted
        if not hinted and not site.behind_proxies and (b"x-forwarded-for" in request.headers or b"forwarded" in request.headers):
            hinted = True
            detail = "requests carry forwarding headers: if a proxy of yours sets them, name it in Guard(trusted_proxies=…)"
            site.events.append(Event("ratelimit.unnamed_proxy", site.clock.now(), "note", client=request.client, detail=detail))
        seconds = math.ceil(wait_s)
        if seconds not in made:
            state = b"ratelimit", f'"{_POLICY}";r=0;t={allowed.period_s}'.encode()  # refused: the quota is used up
            made[seconds] = FLOOD.with_headers(retry_field(seconds), state, policy_field([(_POLICY, allowed, "")]))
        return made[seconds]

    return refused
