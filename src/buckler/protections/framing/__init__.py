"""`framing`: no other page can put this site into a frame.

Stops:
    Clickjacking in browsers that do not know `frame-ancestors`: a page of this site, laid invisibly over an attacker's game, whose
    buttons the visitor presses without seeing them.

How:
    Sends `X-Frame-Options: DENY` (or `SAMEORIGIN`). Every browser of today reads `frame-ancestors` of the
    Content-Security-Policy first, which `csp` sends; this header is for the others.

Does not stop:
    Windows that an attacker opens (`isolation` separates those), and drag and drop out of the visitor's own hands.

Turn off when:
    The site's pages are made to be framed by named other sites: say which ones in `CSP(frame_ancestors=[…])`. This header knows no
    list.

Sources:
    RFC 7034; ASVS 5.0 V3.4.6, which calls this header obsolete and relies on `frame-ancestors`; CWE-1021.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from buckler.core.options import need_one_of, options
from buckler.core.protection import Card, Steps
from buckler.protections.framing.cases import CASES

if TYPE_CHECKING:
    from buckler.core.site import Site


@options
class Framing:
    """`allow`: "none", or "same-origin" where the site frames its own pages; `CSP(frame_ancestors=…)` must then say the same.

    The standard has no report-only form: in report-only mode the header is not sent.
    """

    card: ClassVar[Card] = Card("framing")
    cases: ClassVar = CASES
    allow: str = "none"  # framing is rare; a site that frames itself says so
    report_only: bool = False

    def __post_init__(self) -> None:
        need_one_of(self, "allow", self.allow, ("none", "same-origin"))

    def steps(self, site: Site) -> Steps:  # noqa: ARG002  # the same on every site
        """Return the one constant header."""
        value = b"DENY" if self.allow == "none" else b"SAMEORIGIN"
        return Steps(headers=() if self.report_only else ((b"x-frame-options", value),))
