"""What a refusal tells about who sent the request, in points; and whether the client sent it of its own will.

Anybody can make a visitor's browser send requests: by pictures, forms and links on a page of their own, or by a picture in a comment on
this very site. Were such requests counted, every page could have its readers banned here. So what a browser may have been made to send
counts nothing. Whoever forges a browser's `Sec-Fetch-…` fields is therefore not banned for it either; they gain what they had before:
each of their requests is refused. To ban somebody else would be worse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.core.options import need
from buckler.core.request import SAFE_METHODS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from buckler.core.request import Request

# Of the default 1,000 in ten minutes. What is not named here, by its code or its protection, counts nothing: refusals of `csrf`, `cors`
# and `cookies` are about a victim, those of `https`, `deadline`, `csp`, `sessions` and of a full or broken site about nobody.
POINTS: Mapping[str, int] = {
    "smuggling": 100,  # ten times: no browser and no library does this by mistake
    "smuggling.method": 50,
    "pathguard": 20,  # fifty times: nobody types `%2e%2e`, but a crawler follows whatever links others have made for it
    "pathguard.empty_segment": 10,  # a hundred times: links that were joined with one slash too many are common,
    "pathguard.parameters": 10,  # … and so are old ones with a session's id in them,
    "pathguard.too_long": 10,  # … and ones that a program has made
    "hosts": 10,  # scanners that know the address alone; but also a name that the operator forgot
    "bodylimit.too_many_fields": 10,
    "bodylimit.too_many_parts": 10,
    "bodylimit.too_deep": 10,
    "ratelimit.exceeded": 5,  # two hundred times: a page that tries again every three seconds is broken, not hostile
    "account.too_many": 5,  # … and so is somebody who has forgotten a password: 5 tries count before the first of these
    "ratelimit.flood": 1,  # a thousand requests over the six thousand that were let in
    "overload.client": 1,  # a thousand more than it may have answered at once
}
_NOT_BY_BROWSERS = frozenset({"smuggling.length", "smuggling.encoding", "smuggling.two_lengths"})
_OF_THE_ADDRESS = frozenset({"ratelimit", "overload", "account"})  # quotas that somebody else at the same address can have used up
_OWN = frozenset({b"same-origin", b"none"})
_PROXY_FIELDS = frozenset({b"forwarded", b"x-forwarded-for", b"x-real-ip", b"via", b"cf-connecting-ip", b"true-client-ip"})


def points_of(changed: Mapping[str, int] | None) -> Callable[[str], int]:
    """Return the function from a refusal's code to its points. A code goes before its protection. Raises `ConfigError`."""
    points = {**POINTS, **(changed or {})}
    for code, value in points.items():
        whole = isinstance(value, int) and not isinstance(value, bool) and value >= 0
        need(whole, f"Bans.points_for[{code!r}]", value, "give a whole number of points, or 0 for none")
    need("bans" not in points and "bans.banned" not in points, "Bans.points_for", "bans", "a ban does not feed itself; leave it out")

    def weigh(code: str) -> int:
        found = points.get(code)
        return points.get(code.partition(".")[0], 0) if found is None else found

    return weigh


def of_its_own_will(request: Request, code: str) -> bool:
    """Whether nobody but the client itself can have made it send this.

    - What no browser can be made to send counts always.
    - A browser says where a request comes from (Fetch Metadata; every one since 2023): from another site counts never; from this site or
      from the address bar, a change of state counts (`csrf` has let it through), and of the rest only what was opened as a page.
    - Without these fields, whoever sends a foreign `Origin` was sent by another site. The others are programs, and old browsers.
    - Over plain HTTP a browser sends none of these fields, so nothing can be told apart.
    """
    if code in _NOT_BY_BROWSERS:
        return True
    if request.scheme != "https":
        return False
    headers = request.headers
    comes_from = headers.get(b"sec-fetch-site")
    if comes_from is None:
        origin = headers.get(b"origin")
        return origin is None or origin == request.origin.encode()
    if comes_from not in _OWN:
        return False
    return request.method not in SAFE_METHODS or headers.get(b"sec-fetch-dest") == b"document"


def is_about_the_request(code: str) -> bool:
    """Whether it was refused for what it is, and not because of what else came from its address."""
    return code.partition(".")[0] not in _OF_THE_ADDRESS


def has_proxy_fields(request: Request) -> bool:
    """Whether the request looks as if a proxy had passed it on."""
    return not _PROXY_FIELDS.isdisjoint(request.headers)


def is_told(request: Request) -> bool:
    """Whether a believed proxy has said for whom it asks. Where it has not, the address is the proxy's own."""
    headers = request.headers
    return request.trouble != "forwarded" and (b"x-forwarded-for" in headers or b"forwarded" in headers)
