"""`referrer`: other sites do not learn which page a visitor came from.

Stops:
    Addresses of this site's pages, with whatever names, searches and one-time links they carry, from being told to other sites by
    the `Referer` field.

How:
    Sends `Referrer-Policy: same-origin`: pages of this site still see where a visitor came from, others see nothing. Stricter than
    the browsers' own default, which tells other sites the origin. Deliberately not `no-referrer`: browsers then also send
    `Origin: null` with the site's own forms, which a check of the origin must refuse.

Does not stop:
    Scripts on the page that send the address on purpose, and links that carry it in their own query.

Turn off when:
    A layer in front sends the header. Partners who must know that visitors come from here need `policy="strict-origin"`.

Sources:
    W3C Referrer Policy; Fetch, "append a request `Origin` header"; ASVS 5.0 V3.4.5; CWE-200.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from buckler.core.options import need_one_of, options
from buckler.core.protection import Card, Steps
from buckler.protections.referrer.cases import CASES

if TYPE_CHECKING:
    from buckler.core.site import Site

# Every policy of the standard that never tells another site more than the origin, and nothing over plain HTTP.
_POLICIES = ("same-origin", "strict-origin", "strict-origin-when-cross-origin", "no-referrer")


@options
class Referrer:
    """`policy`: one of the standard's strict ones. The standard has no report-only form: in report-only mode nothing is sent."""

    card: ClassVar[Card] = Card("referrer")
    cases: ClassVar = CASES
    policy: str = "same-origin"  # the strictest that leaves the site's own forms their Origin
    report_only: bool = False

    def __post_init__(self) -> None:
        need_one_of(self, "policy", self.policy, _POLICIES)

    def steps(self, site: Site) -> Steps:  # noqa: ARG002  # the same on every site
        """Return the one constant header."""
        return Steps(headers=() if self.report_only else ((b"referrer-policy", self.policy.encode()),))
