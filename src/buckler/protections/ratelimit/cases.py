"""What `ratelimit` stops. The quotas are small here, so that a case is short; the way of counting is the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.core.case import Ask, Case, Place

if TYPE_CHECKING:
    from buckler.core.case import Transcript

_FEW = {"flood": "3/minute"}
_BEHIND = {"trusted_proxies": ("10.0.0.0/8",)}


def _forwarded(name: str, value: str, at: str = Place.PAGE, client: str = "203.0.113.7") -> Ask:
    return Ask(at=at, headers=((name, value),), client=client)


def _answered(heard: Transcript) -> bool:
    """The application's own limits let the last request in; a status says so, since the application has run either way."""
    return heard[-1].status == 200


CASES = (
    Case(
        name="flood",
        story="One client asks for the same page again and again, as fast as it can.",
        turns=(Ask(times=4),),
        refused="ratelimit.flood",
        options=_FEW,
        sources=("CWE-770", "OWASP API4:2023"),
    ),
    Case(
        name="guessing",
        story="One client tries passwords at the sign-in.",
        turns=(Ask(at=Place.SIGN_IN, method="POST", headers=(("sec-fetch-site", "same-origin"),), times=4),),
        refused="ratelimit.flood",
        options=_FEW,
        sources=("CWE-307",),
    ),
    Case(
        name="path_variants",
        story="The same, with a different spelling of the path each time.",
        turns=tuple(
            Ask(at=path, method="POST", headers=(("sec-fetch-site", "same-origin"),))
            for path in ("/sign-in", "/sign-in?1", "/sign-in/", "//sign-in")
        ),
        refused="ratelimit.flood",
        options=_FEW,
        sources=("GHSA-x732-6j76-qmhm",),
    ),
    Case(
        name="rotating_ipv6",
        story="One home's network, which has 2^64 addresses, takes a new one for every request.",
        turns=(Ask(client="2001:db8:1:2::1", times=4, clients=4),),
        refused="ratelimit.flood",
        options=_FEW,
        sources=("CWE-770",),
    ),
    Case(
        name="claimed_address",
        story="A client claims another address in `X-Forwarded-For` each time, on a site without proxies.",
        turns=tuple(_forwarded("x-forwarded-for", f"198.51.100.{number}") for number in range(4)),
        refused="ratelimit.flood",
        options=_FEW,
        sources=("CVE-2025-59152",),
    ),
    Case(
        name="claimed_address_behind_proxy",
        story="The same behind a trusted proxy, which appends the true address to what the client claims.",
        turns=tuple(_forwarded("x-forwarded-for", f"198.51.100.{number}, 203.0.113.9", client="10.0.0.1") for number in range(4)),
        refused="ratelimit.flood",
        options=_FEW,
        site=_BEHIND,
        sources=("CVE-2025-59152", "CVE-2025-46814"),
    ),
    Case(
        name="underscored_header",
        story="The same by `X_Forwarded_For`, which some servers take for the header with hyphens.",
        turns=tuple(_forwarded("x_forwarded_for", f"198.51.100.{number}", client="10.0.0.1") for number in range(4)),
        refused="ratelimit.flood",
        options=_FEW,
        site=_BEHIND,
        sources=("GHSA-5m6w-wvh7-57vm",),
    ),
    Case(
        name="searches",
        story="One client asks for one thing after the other, where a worker has taken a part of the quota on lease.",
        turns=(Ask(at=Place.SEARCH, times=11),),
        refused="ratelimit.exceeded",
        succeeds=_answered,
        sources=("CWE-770",),
    ),
    Case(
        name="dear_searches",
        story="One client asks seldom, and for ever so much at once.",
        turns=(Ask(at=Place.SEARCH, headers=(("x-many", "4"),), times=3),),
        refused="ratelimit.exceeded",
        succeeds=_answered,
        sources=("CWE-770", "OWASP API4:2023"),
    ),
    Case(
        name="heavy_reports",
        story="One client has the processor work for it, with requests that look like anybody else's.",
        turns=(Ask(at=Place.REPORT, times=2),),
        refused="ratelimit.exceeded",
        succeeds=_answered,
        sources=("CWE-400", "OWASP API4:2023"),
    ),
    Case(
        name="few_searches",
        story="A client searches as often as it may, and reads a report.",
        turns=(Ask(at=Place.SEARCH, times=2), Ask(at=Place.SEARCH, headers=(("x-many", "4"),), times=2), Ask(at=Place.REPORT)),
        honest=True,
    ),
    Case(name="busy_reader", story="A reader opens many pages in a minute, each with its pictures.", turns=(Ask(times=300),), honest=True),
    Case(
        name="neighbours",
        story="Many people ask at the same time, each from an address of their own.",
        turns=(Ask(client="198.51.100.1", times=60, clients=20),),
        honest=True,
        options=_FEW,
    ),
    Case(
        name="after_a_pause",
        story="A client that was refused has waited as long as it was told.",
        turns=(Ask(times=4), Ask(after_s=20)),
        honest=True,
        succeeds=lambda heard: heard[-1].reached and not heard[-1].code,
        options=_FEW,
    ),
)
