"""`nosniff`: the browser believes the declared content type.

Stops:
    A file that was uploaded as an image or a text and that a browser would run as a script or show as a page because it
    looks like one.

How:
    Sends `X-Content-Type-Options: nosniff` with every response.

Does not stop:
    A response that declares the wrong type itself.

Turn off when:
    A layer in front sends the header for every response.

Sources:
    WHATWG Fetch, section 3.6 (`X-Content-Type-Options`); ASVS 5.0 V3.4.4; CWE-430.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from buckler.core.options import options
from buckler.core.protection import Card, Steps
from buckler.protections.nosniff.cases import CASES

if TYPE_CHECKING:
    from buckler.core.site import Site


@options
class NoSniff:
    """Nothing to set. The standard has no report-only form: in report-only mode the header is not sent."""

    card: ClassVar[Card] = Card("nosniff")
    cases: ClassVar = CASES
    report_only: bool = False

    def steps(self, site: Site) -> Steps:  # noqa: ARG002  # the same on every site
        """Return the one constant header."""
        return Steps(headers=() if self.report_only else ((b"x-content-type-options", b"nosniff"),))
