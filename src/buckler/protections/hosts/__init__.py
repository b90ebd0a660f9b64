"""`hosts`: the site answers only for its own names.

Stops:
    Requests whose `Host` is not one of the site's names: poisoned links in mails and redirects, cache poisoning, DNS rebinding
    against an application on a private network.

How:
    The `Host` field is parsed once by the grammar of RFC 9110; a missing, repeated or malformed one is refused with 400, a
    well-formed one that is not listed with 421. `*.shop.example` allows every sub-domain, and the dot is a dot.

Does not stop:
    A proxy in front that rewrites `Host` to a listed name before Buckler sees it.

Turn off when:
    Never on a public site. A service that must answer for any name (a URL shortener for customers' domains) lists them from its
    own data instead.

Sources:
    RFC 9110 section 7.2; ASVS 5.0 V4.1.3; CWE-644, CWE-350; CVE-2026-48710, CVE-2026-25479.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from buckler.core.answer import Refusal, refusal
from buckler.core.options import need, options
from buckler.core.protection import Card, Steps
from buckler.protections.hosts.cases import CASES

if TYPE_CHECKING:
    from buckler.core.request import Request
    from buckler.core.site import Site

MALFORMED = refusal(400, "hosts.malformed", "The request does not name one host.", "Check the address and try again.")
UNKNOWN = refusal(421, "hosts.unknown", "This server does not answer for that host.", "Check the address and try again.")


@options
class Hosts:
    """Has no options of its own: the names are a fact of the site, `Guard(hosts=[…])`."""

    card: ClassVar[Card] = Card("hosts", (MALFORMED, UNKNOWN))
    cases: ClassVar = CASES
    report_only: bool = False

    def steps(self, site: Site) -> Steps:
        """Return the check. Raises `ConfigError` for a name that no `Host` field could match."""
        for name in site.hosts:
            bare = name.removeprefix("*.")
            good = bare and not set(bare) & set("*/@ ") and (":" not in bare or bare.startswith("["))
            need(good, "Guard.hosts", name, "give host names without scheme, port or path, as in shop.example or *.shop.example")
        exact = frozenset(name for name in site.hosts if not name.startswith("*."))
        endings = tuple(name[1:] for name in site.hosts if name.startswith("*."))

        def check(request: Request) -> Refusal | None:
            if request.host in exact and b"host" not in request.repeated:
                return None
            if not request.host or b"host" in request.repeated:
                return MALFORMED
            return None if endings and request.host.endswith(endings) else UNKNOWN

        return Steps(check=check)
