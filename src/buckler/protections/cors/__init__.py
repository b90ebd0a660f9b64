"""`cors`: scripts of another origin read nothing here, unless that origin is named.

Stops:
    Pages of other origins that read answers of this site in a visitor's name, because the application or a library in it reflects
    whatever `Origin` it is sent, trusts `null`, or compares origins by their endings; answers for one origin that a cache hands
    to another one.

How:
    The guard alone speaks the `Access-Control-…` headers: what the application says itself is removed, and told in an Event. An origin
    counts only when it equals one of `origins`, letter by letter. Preflights are answered by the guard with constant bytes, those of
    other origins are refused with 403; neither reaches the application. Where answers differ by origin, every response says
    `Vary: Origin`. Refusals say the same as answers, so that scripts of a named origin can read why. `origins=["*"]` lets every page read
    what an anonymous visitor sees, and excludes `credentials`.

Does not stop:
    Requests that another origin sends without reading the answer: that is `csrf`'s. The two lists are separate on purpose: an origin that
    may read is not thereby trusted to write, so name it in `CSRF(trusted_origins=…)` as well if it sends forms or JSON.
    On a private network `"*"` gives every page that an employee opens what the network may see.

Turn off when:
    A layer of the application's own must decide by itself, route by route.

Sources:
    WHATWG Fetch section 3.2 (CORS protocol); ASVS 5.0 V3.4.2; CWE-942, CWE-346, CWE-525.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from buckler.core.answer import Answer, refusal
from buckler.core.event import Event
from buckler.core.headers import TOKEN, Header, add_vary, first
from buckler.core.options import need, need_positive, need_strings, options
from buckler.core.protection import Card, Steps
from buckler.protections.cors.cases import CASES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from buckler.core.protection import Head
    from buckler.core.request import Request
    from buckler.core.site import Site

PREFLIGHT = refusal(403, "cors.preflight", "Another site may not send this request.", "Open this site itself and try again there.")

_ANY = "*"
_ORIGIN = re.compile(r"(https?)://((?:[a-z0-9_-]+\.)*[a-z0-9_-]+|\[[0-9a-f:]+\])(?::[0-9]{1,5})?")
_DEFAULT_PORTS = (("https://", ":443"), ("http://", ":80"))
_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})
_ALLOW, _PREFIX = b"access-control-allow-origin", b"access-control-"
_ASKS = b"access-control-request-method"


@options
class CORS:
    """`origins`: that may read, as `https://app.example`, or only `"*"`. `methods` and `headers`: what they may send beyond what every
    form can. `credentials`: whether their requests bring cookies. `max_age_s`: how long browsers remember a preflight. `expose`: names of
    response headers that their scripts may read."""

    card: ClassVar[Card] = Card("cors", (PREFLIGHT,))
    cases: ClassVar = CASES
    origins: Sequence[str] = ()
    methods: Sequence[str] = ("GET", "HEAD", "POST")  # the CORS-safelisted ones (WHATWG Fetch, section 2.2.1)
    headers: Sequence[str] = ()
    credentials: bool = False
    max_age_s: int = 600  # ten minutes: a changed answer is heard soon, and few requests ask twice
    expose: Sequence[str] = ()
    report_only: bool = False

    def __post_init__(self) -> None:
        for name in ("origins", "methods", "headers", "expose"):
            need_strings(self, name, getattr(self, name))
        for name in ("methods", "headers", "expose"):
            for item in getattr(self, name):
                good = item.isascii() and TOKEN.fullmatch(item.encode()) and item != _ANY
                need(good, f"CORS.{name}", item, "name them one by one; `*` is not what browsers make of it once there are cookies")
        need_positive(self, max_age_s=self.max_age_s)
        if _ANY in self.origins:
            need(len(self.origins) == 1, "CORS.origins", self.origins, 'give "*" alone, or the origins one by one')
            need(not self.credentials, "CORS.credentials", self.credentials, "name the origins: with cookies, everybody is nobody's wish")
            return
        for origin in self.origins:
            _need_origin(origin, self.credentials)

    def steps(self, site: Site) -> Steps:
        """Return the answers to preflights, made once for each origin, and the dressing."""
        if not self.origins:
            return Steps(check=_refuse_preflights, dress=_dresser(self, site, {}), watch=frozenset({_ALLOW}))
        anybody = _ANY in self.origins
        grants = {origin.encode(): self._grant(origin.encode()) for origin in self.origins}
        about: tuple[Header, ...] = (
            (b"access-control-allow-methods", ", ".join(self.methods).encode()),
            (b"access-control-max-age", b"%d" % self.max_age_s),
        )
        if self.headers:
            about += ((b"access-control-allow-headers", ", ".join(self.headers).encode()),)
        vary = () if anybody else ((b"vary", b"Origin"),)
        answers = {origin: Answer(204, (*grant, *about, *vary)) for origin, grant in grants.items()}
        dress, watch = _dresser(self, site, grants), frozenset({_ALLOW, b"vary"})
        check = _checker(grants, answers, answers.get(b"*"))
        if anybody:
            return Steps(check=check, dress=dress, watch=watch, headers=grants[b"*"])
        return Steps(check=check, dress=dress, watch=watch, dress_refusal=_refusal_dresser(grants), headers=vary)

    def _grant(self, origin: bytes) -> tuple[Header, ...]:
        grant: tuple[Header, ...] = ((_ALLOW, origin),)
        if self.credentials:
            grant += ((b"access-control-allow-credentials", b"true"),)
        if self.expose:
            grant += ((b"access-control-expose-headers", ", ".join(self.expose).encode()),)
        return grant


def _need_origin(origin: str, credentials: bool) -> None:  # private, and named by its caller
    found = _ORIGIN.fullmatch(origin)
    fix = "give scheme, host and port only, in lower case, as in https://app.example; `null` is everybody in a sandboxed frame"
    need(found, "CORS.origins", origin, fix)
    for scheme, port in _DEFAULT_PORTS:
        need(not (origin.startswith(scheme) and origin.endswith(port)), "CORS.origins", origin, f"leave out {port}, as browsers do")
    plain = origin.startswith("http:") and urlsplit(origin).hostname not in _THIS_MACHINE
    need(not (plain and credentials), "CORS.origins", origin, "use https: over plain HTTP anybody on the way is that origin")


def _asks_first(request: Request) -> bool:
    """A preflight: only a browser asks so, and only for another origin."""
    headers = request.headers
    return _ASKS in headers and b"origin" in headers and headers[b"origin"] != request.origin.encode()


def _refuse_preflights(request: Request) -> Answer | None:
    return PREFLIGHT if request.method == "OPTIONS" and _asks_first(request) else None


def _checker(
    grants: dict[bytes, tuple[Header, ...]], answers: dict[bytes, Answer], for_anybody: Answer | None
) -> Callable[[Request], Answer | None]:
    def check(request: Request) -> Answer | None:
        origin = request.headers.get(b"origin")
        if origin is None:
            return None
        if request.method == "OPTIONS" and _asks_first(request):
            return answers.get(origin, for_anybody) or PREFLIGHT
        if origin in grants:
            request.touched = True  # so that the response is dressed
        return None

    return check


def _refusal_dresser(grants: dict[bytes, tuple[Header, ...]]) -> Callable[[Request, Head], None]:
    def dress_refusal(request: Request, head: Head) -> None:
        head.headers += grants.get(request.headers.get(b"origin", b""), ())
        add_vary(head.headers, b"Origin")

    return dress_refusal


def _dresser(chosen: CORS, site: Site, grants: dict[bytes, tuple[Header, ...]]) -> Callable[[Request, Head], None]:
    varies = bool(grants) and b"*" not in grants

    def dress(request: Request, head: Head) -> None:
        said = first(head.headers, _ALLOW)
        grant = grants.get(request.headers.get(b"origin", b""), grants.get(b"*", ()))
        if said is not None and (not grant or grant[0][1] != said):
            _tell(request, said)
            if chosen.report_only:
                return
        head.headers[:] = [item for item in head.headers if not item[0].startswith(_PREFIX)]
        head.headers += grant
        if varies:
            add_vary(head.headers, b"Origin")

    def _tell(request: Request, said: bytes) -> None:
        mode, detail = "report" if chosen.report_only else "note", said.decode("latin-1")
        site.events.append(Event("cors.removed", site.clock.now(), mode, request.method, request.path, request.client, detail))

    return dress
