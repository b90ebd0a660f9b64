"""`isolation`: this site's pages share neither a window group nor a process with other sites.

Stops:
    Another site that opens this one in a window and reads or steers it (tab-nabbing, window-name and frame-counting leaks), that
    loads its responses into its own process, from where speculative execution reads them (Spectre), and that measures
    what a signed-in visitor gets.

How:
    Three headers. `Cross-Origin-Opener-Policy: same-origin` gives the page a window group of its own.
    `Cross-Origin-Embedder-Policy: credentialless` lets it load other sites' resources only without cookies; deliberately not
    `require-corp`, which would block every image of a site that does not send `Cross-Origin-Resource-Policy`.
    `Cross-Origin-Resource-Policy: same-origin` keeps this site's responses out of other sites' pages.

Does not stop:
    Reading by scripts of this site's own origin. Safari ignores `credentialless`, so there the second header does nothing.

Turn off when:
    Never as a whole. A site that signs in through another site's pop-up needs `opener="same-origin-allow-popups"`; one whose files
    are made for other sites' pages needs `resource="cross-origin"`.

Sources:
    WHATWG HTML (COOP, COEP), Fetch (CORP); ASVS 5.0 V3.4.8, V3.5.8; CWE-1021, CWE-346.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from buckler.core.options import need_one_of, options
from buckler.core.protection import Card, Steps
from buckler.protections.isolation.cases import CASES

if TYPE_CHECKING:
    from buckler.core.site import Site

_OPENER = ("same-origin", "same-origin-allow-popups", "noopener-allow-popups", "unsafe-none")
_EMBEDDER = ("credentialless", "require-corp", "unsafe-none")
_RESOURCE = ("same-origin", "same-site", "cross-origin")


@options
class Isolation:
    """`opener`, `embedder`, `resource`: values of the three headers, in the standards' own words.

    In report-only mode the first two are sent in their report-only form, and the third, which has none, is not sent.
    """

    card: ClassVar[Card] = Card("isolation")
    cases: ClassVar = CASES
    opener: str = "same-origin"  # pop-ups of other sites are rare; Observatory, +10
    embedder: str = "credentialless"  # isolates without breaking other sites' images; Observatory, +10
    resource: str = "same-origin"  # what is made for other sites is marked so; Observatory, +10
    report_only: bool = False

    def __post_init__(self) -> None:
        need_one_of(self, "opener", self.opener, _OPENER)
        need_one_of(self, "embedder", self.embedder, _EMBEDDER)
        need_one_of(self, "resource", self.resource, _RESOURCE)

    def steps(self, site: Site) -> Steps:  # noqa: ARG002  # the same on every site
        """Return the three constant headers."""
        ending = b"-report-only" if self.report_only else b""
        both = (
            (b"cross-origin-opener-policy" + ending, self.opener.encode()),
            (b"cross-origin-embedder-policy" + ending, self.embedder.encode()),
        )
        return Steps(headers=both if self.report_only else (*both, (b"cross-origin-resource-policy", self.resource.encode())))
