"""`cookies`: the application's own cookies are kept from scripts, from other sites and from plain connections.

Stops:
    A cookie that a script reads and sends away, that travels in the clear, or that another site's form brings along, because
    somebody forgot an attribute; and cookies without a name, which some parsers take for a cookie of any name.

How:
    Every `Set-Cookie` of the application gets `Secure`, `HttpOnly` (unless the cookie is named in `readable`) and `SameSite`
    where it does not say so itself; what it says stands. A name with `__Host-` gets the `Path=/` that browsers ask for. A cookie
    without a name, or with control characters, is left out; one that browsers would not take (`__Host-` with a `Domain`, more than
    4,096 bytes) is sent as it is. Both make an Event that names the cookie, never its value. A request whose `Cookie` holds a nameless
    cookie in the disguise of a prefixed one (`=__Host-…`), which no browser of today sends, is refused with 400.
    Responses without `Set-Cookie` pay nothing.

Does not stop:
    Cookies that scripts set (`document.cookie`); a sub-domain that sets a cookie for the whole domain: use `__Host-` names.

Turn off when:
    Never. A cookie that a script must read is named in `readable`. On a developer's own machine over plain HTTP, Chromium and
    Firefox take `Secure` cookies of localhost; Safari does not: use `https` there.

Sources:
    RFC 6265bis sections 4.1.2, 4.1.3 and 5.7; ASVS 5.0 V3.3.1, V3.3.2, V3.3.4; CWE-614, CWE-1004, CWE-1275; CVE-2023-23934.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from buckler.core.answer import Refusal, refusal
from buckler.core.event import Event
from buckler.core.headers import TOKEN
from buckler.core.options import need, need_one_of, need_strings, options
from buckler.core.protection import Card, Steps
from buckler.protections.cookies.cases import CASES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from buckler.core.protection import Head
    from buckler.core.request import Request
    from buckler.core.site import Site

FORGED = refusal(400, "cookies.forged", "The request brings a forged cookie.", "Delete this site's cookies and try again.")

_FORGED = re.compile(rb"(?:\A|;)[ \t=]*=[ \t]*__(?:secure|host|http)-", re.IGNORECASE)
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")  # RFC 6265bis, section 5.7, step 1; a tab is allowed
_MAX_PAIR_BYTES = 4096  # RFC 6265bis, section 5.7, step 5
# What befell a cookie; the ending of its Event.
_WEAK, _DROPPED, _REJECTED = "weak", "dropped", "rejected"


@options
class Cookies:
    """`readable`: names of the cookies that scripts must read; they do not get `HttpOnly`. `same_site`: "Lax" or "Strict", for cookies
    that do not say. In report-only mode nothing is changed or left out, and an Event tells what would have been."""

    card: ClassVar[Card] = Card("cookies", (FORGED,))
    cases: ClassVar = CASES
    readable: Sequence[str] = ()
    same_site: str = "Lax"  # links from elsewhere arrive signed in, forms do not (RFC 6265bis, section 8.8)
    report_only: bool = False

    def __post_init__(self) -> None:
        need_strings(self, "readable", self.readable)
        for name in self.readable:
            good = name.isascii() and TOKEN.fullmatch(name.encode())
            need(good, "Cookies.readable", name, "give the names of cookies, without values or attributes")
        need_one_of(self, "same_site", self.same_site, ("Lax", "Strict"))

    def steps(self, site: Site) -> Steps:
        """Return the check of what comes in, and the dressing of what goes out."""
        return Steps(check=_check, dress=_dresser(self, site), watch=frozenset({b"set-cookie"}))


def _check(request: Request) -> Refusal | None:
    header = request.headers.get(b"cookie")
    if header is None or b"=__" not in header.translate(None, b" \t"):
        return None
    return FORGED if _FORGED.search(header) else None


def _dresser(chosen: Cookies, site: Site) -> Callable[[Request, Head], None]:
    readable = frozenset(name.encode() for name in chosen.readable)
    same_site, reports = b"SameSite=" + chosen.same_site.encode(), chosen.report_only

    def dress(request: Request, head: Head) -> None:
        kept = []
        for item in head.headers:
            if item[0] != b"set-cookie":
                kept.append(item)
                continue
            value, fate = harden(item[1], readable, same_site)
            if fate == _REJECTED or (fate and (reports or fate == _DROPPED)):
                _tell(request, fate, item[1])
            if reports:
                kept.append(item)
            elif value:
                kept.append((b"set-cookie", value))
        head.headers[:] = kept

    def _tell(request: Request, fate: str, value: bytes) -> None:
        name = value.partition(b";")[0].partition(b"=")[0].decode("latin-1")
        mode = "report" if reports else "note"
        site.events.append(Event(f"cookies.{fate}", site.clock.now(), mode, request.method, request.path, request.client, name))

    return dress


def harden(value: bytes, readable: frozenset[bytes], same_site: bytes) -> tuple[bytes, str]:
    """Return the `Set-Cookie` value as it should be sent (b"": not at all), and what befell it: "", "weak", "dropped" or "rejected"."""
    pair, *rest = value.split(b";")
    name, equals, _ = pair.partition(b"=")
    name = name.strip()
    if not name or not equals or _CONTROL.search(value):
        return b"", _DROPPED
    said = {part.partition(b"=")[0].strip().lower(): part.partition(b"=")[2].strip() for part in rest}
    prefix = name.lower()
    wanted = [(b"secure", b"Secure"), (b"samesite", same_site)]
    if name not in readable:
        wanted.append((b"httponly", b"HttpOnly"))
    if prefix.startswith(b"__host-"):
        wanted.append((b"path", b"Path=/"))
    missing = [text for key, text in wanted if key not in said]
    refused = prefix.startswith(b"__host-") and (b"domain" in said or said.get(b"path", b"/") != b"/")
    fate = _REJECTED if refused or len(pair) > _MAX_PAIR_BYTES else _WEAK if missing else ""
    return b"; ".join([value.rstrip(b"; "), *missing]), fate
