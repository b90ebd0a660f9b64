"""`hsts`: a browser that has been here once never speaks plain HTTP with this site again.

Stops:
    An attacker on the network who answers the first plain-HTTP request of a returning visitor, and the click through a
    certificate warning.

How:
    Sends `Strict-Transport-Security` with every response: two years, with sub-domains. RFC 6797, section 7.2, wants it over HTTPS
    alone, and section 8.1 has browsers ignore it over plain HTTP; it is deliberately constant all the same, because looking at the
    scheme would cost every response something and change nothing. On a site in development nothing is sent: browsers remember
    nothing for an IP address, but they would remember `localhost`, for everything else that is ever run there.

Does not stop:
    The very first visit; only the browsers' preload list does. `preload=True` sends the consent that the list asks for, and is
    refused without the list's other conditions that can be seen from here: a year or more, and all sub-domains. The owner then
    enters the bare domain at hstspreload.org. It is off by default, because an entry takes months to undo.

Turn off when:
    A layer in front sends the header, or a sub-domain can only be reached over plain HTTP (then rather
    `include_subdomains=False`).

Sources:
    RFC 6797; https://hstspreload.org (conditions of the list); ASVS 5.0 V3.4.1, V3.7.4; CWE-319.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from buckler.core.options import need, need_positive, options
from buckler.core.protection import Card, Steps
from buckler.protections.hsts.cases import CASES

if TYPE_CHECKING:
    from buckler.core.site import Site

_TWO_YEARS_S = 63_072_000  # what ASVS and the preload list's own guide recommend
_PRELOAD_MIN_S = 31_536_000  # hstspreload.org: at least one year


@options
class HSTS:
    """`max_age_s`: for how long a browser remembers. `include_subdomains`: for them too.
    `preload`: consents to the browsers' built-in list.

    The standard has no report-only form: in report-only mode the header is not sent.
    """

    card: ClassVar[Card] = Card("hsts")
    cases: ClassVar = CASES
    max_age_s: int = _TWO_YEARS_S
    include_subdomains: bool = True
    preload: bool = False
    report_only: bool = False

    def __post_init__(self) -> None:
        need_positive(self, max_age_s=self.max_age_s)
        # A browser ignores the whole field when the number is not a plain one.
        need(isinstance(self.max_age_s, int), "HSTS.max_age_s", self.max_age_s, "give whole seconds")
        if self.preload:
            need(self.max_age_s >= _PRELOAD_MIN_S, "HSTS.max_age_s", self.max_age_s, f"the preload list wants {_PRELOAD_MIN_S} or more")
            need(self.include_subdomains, "HSTS.include_subdomains", self.include_subdomains, "the preload list wants all sub-domains")

    def steps(self, site: Site) -> Steps:
        """Return the one constant header; nothing in development."""
        if self.report_only or site.development:
            return Steps()
        value = f"max-age={self.max_age_s}" + "; includeSubDomains" * self.include_subdomains + "; preload" * self.preload
        return Steps(headers=((b"strict-transport-security", value.encode()),))
