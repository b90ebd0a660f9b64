"""What `hsts` stops."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from buckler.core.case import Ask, Case

if TYPE_CHECKING:
    from buckler.core.case import Transcript

_HALF_A_YEAR_S = 15_768_000  # below that, Mozilla Observatory takes points off


def forgets(transcript: Transcript) -> bool:
    """A browser keeps to HTTPS only if told so, and only for as long as it is told (RFC 6797)."""
    found = re.search(r"max-age=(\d+)", transcript[-1].header("strict-transport-security"))
    return found is None or int(found[1]) < _HALF_A_YEAR_S


def subdomains_forgotten(transcript: Transcript) -> bool:
    """A sub-domain is covered only by `includeSubDomains`."""
    return "includesubdomains" not in transcript[-1].header("strict-transport-security").lower()


def still_reachable(transcript: Transcript) -> bool:
    """The page is served, and nothing was remembered that outlives what the site asked for."""
    return transcript[-1].reached and "preload" not in transcript[-1].header("strict-transport-security")


CASES = (
    Case(
        name="stripped",
        story="A visitor who was here yesterday types the bare name in a café, and the network answers in plain HTTP.",
        turns=(Ask(),),
        succeeds=forgets,
        sources=("CWE-319",),
    ),
    Case(
        name="subdomain",
        story="The network invents a plain-HTTP sub-domain, which sets a cookie for the whole site.",
        turns=(Ask(),),
        succeeds=subdomains_forgotten,
    ),
    Case(name="page", story="An ordinary page over HTTPS.", turns=(Ask(),), honest=True),
    Case(
        name="no_promise_unasked",
        story="A site that never asked for the browsers' built-in list is not promised to it.",
        turns=(Ask(),),
        honest=True,
        succeeds=still_reachable,
    ),
)
