"""Public helpers for tests: a probe application on which every case can be played, and how to play it."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING, Any

from buckler.core.case import Ask, Case, Place, Target, Transcript
from buckler.core.clock import Clock, HandClock
from buckler.core.play import Player, Witness
from buckler.core.rate import Rate
from buckler.guard import Guard, off
from buckler.protections import DEFAULTS
from buckler.protections.ratelimit.leases import Terms
from buckler.protections.ratelimit.meter import metered
from buckler.protections.ratelimit.quota import Quota

if TYPE_CHECKING:
    from collections.abc import Sequence

    from buckler.core.protection import Protection
    from buckler.guard.plan import Off

__all__ = ["PROBE", "SECRET", "Ask", "Case", "HandClock", "Place", "Target", "Transcript", "guarded", "only", "play", "probe_app"]

SECRET = "a secret of the tests: thirty-two bytes or more"  # noqa: S105  # of the tests alone
_NOT_UNDER_TEST = "another protection is under test"

PROBE = Target(
    paths={
        Place.PAGE: "/",
        Place.PRIVATE: "/private",
        Place.WRITE: "/write",
        Place.SIGN_IN: "/sign-in",
        Place.SIGN_OUT: "/sign-out",
        Place.SIGN_OUT_ALL: "/sign-out-all",
        Place.REMEMBER: "/remember",
        Place.COOKIE: "/cookie",
        Place.SOCKET: "/socket",
        Place.TELLING: "/telling",
        Place.SCRIPTED: "/scripted",
        Place.SLOW: "/slow",
        Place.UPLOAD: "/upload",
        Place.SEARCH: "/search",
        Place.REPORT: "/report",
        Place.KEPT: "/kept",
        Place.GREETING: "/greeting",
        Place.LINKED: "/linked",
    },
    sign_in_body=b"name=mira&password=correct+horse",
)


class Probe:
    """The smallest application with every place. It trusts everybody: all safety must come from the guard.

    Where no `sessions` protection is on, it keeps sessions of its own as careless applications do: whatever id a visitor brings is
    adopted, a sign-in keeps it, a sign-out only asks the browser to forget it, and nothing ever ends.
    """

    def __init__(self) -> None:
        self._careless: dict[str, str] = {}  # session id → person
        self._measured = metered(self._limited)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await (self._measured if scope["path"] in _LIMITED else self._answer)(scope, receive, send)

    async def _limited(self, scope: Any, receive: Any, send: Any) -> None:
        if await _is_refused(scope):
            return
        if scope["path"] == "/report":
            _work()
        await self._answer(scope, receive, send)

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": 1000})
            return
        path, status, body = scope["path"], 200, _shown(scope["path"], scope)
        own = list(_CARELESS_HEADERS.get("/" + path.split("/")[1].partition(";")[0], ()))  # a router that takes every path below
        if path == "/slow":
            await asyncio.sleep(0.5)
        elif path == "/upload":
            while (await receive()).get("more_body"):
                pass
        elif path in _SESSION_PATHS and (path == "/private" or scope["method"] == "POST"):
            request = scope.get("buckler")
            registry = request.site.offers.get("sessions") if request else None
            if registry is None:
                status, own = self._carelessly(path, _careless_cookie(scope))
            else:
                status, body = _with_session(path, request, registry.open(request))
        own += [(b"access-control-allow-origin", value) for name, value in scope["headers"] if name == b"origin"]
        headers = [(b"content-type", b"text/html; charset=utf-8"), (b"content-length", b"%d" % len(body)), *own]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _carelessly(self, path: str, given: str) -> tuple[int, list[tuple[bytes, bytes]]]:
        name = given or str(len(self._careless)).rjust(43, "A")
        if path == "/private":
            return (200 if given in self._careless else 401), []
        if path in {"/sign-out", "/sign-out-all"}:
            return 200, [(b"set-cookie", b"__Host-session=; Path=/; Secure; Max-Age=0")]
        if path == "/sign-in" and len(self._careless) < _MAX_CARELESS:
            self._careless[name] = "mira"
        return 200, [(b"set-cookie", b"__Host-session=%s; Path=/; Secure" % name.encode("latin-1"))]


def _shown(path: str, scope: Any) -> bytes:
    """What a page shows. Headers are looked up as applications do that take ASGI as it is."""
    if path == "/scripted":
        return b'<script nonce="%s">1</script>' % (scope["buckler"].nonce.encode() if "buckler" in scope else b"")
    if path == "/linked":
        host = next((value for name, value in scope["headers"] if name == b"x-forwarded-host"), b"shop.example")
        return b'<a href="https://%b/">home</a>' % bytes(host)
    if not path.startswith("/greeting"):
        return b"ok"
    cookies = next((value for name, value in scope["headers"] if name == b"cookie"), b"")
    named = dict(part.strip().partition(b"=")[::2] for part in cookies.split(b";"))
    return b"Hello, %b" % named.get(b"name", b"whoever you are")


_LIMITED = {
    "/search": Quota("client", Rate(10, 60), "search", "", lease=Terms(2, 1.0)),
    "/report": Quota("client.cpu_ms", Rate(5, 60), "report", "", cpu=True),
}


async def _is_refused(scope: Any) -> bool:
    """What a route does that says how often it may be asked."""
    request, quota = scope.get("buckler"), _LIMITED[scope["path"]]
    limits = request.site.offers.get("ratelimit") if request else None
    if limits is None:
        return False
    many = int(request.headers.get(b"x-many", b"1"))
    request.refusal = await limits.take(request, [quota._replace(counted=request.client, cost=many)])
    return request.refusal is not None


def _work() -> None:
    """More than the quota of processor time, on any machine, in one call: what is counted by bytecodes is the same in every run."""
    hashlib.pbkdf2_hmac("sha256", b"a report", b"", 100_000)


_SESSION_PATHS = frozenset({"/private", "/sign-in", "/sign-out", "/sign-out-all", "/remember"})
_CARELESS_HEADERS = {
    "/cookie": (
        (b"set-cookie", b"theme=dark; Path=/"),
        (b"set-cookie", b"=__Host-session=planted"),
        (b"cache-control", b"public, max-age=600"),
    ),
    "/kept": ((b"cache-control", b"max-age=60"),),
    "/greeting": ((b"cache-control", b"public, max-age=600"),),
    "/linked": ((b"cache-control", b"public, max-age=600"),),
    "/telling": ((b"server", b"careless/1.0"), (b"x-powered-by", b"careless/1.0")),
}
_MAX_CARELESS = 1000


def _careless_cookie(scope: Any) -> str:
    """Read the cookie as parsers did that dropped a leading `=`, and so took a nameless cookie for ours (CVE-2023-23934)."""
    text = "; ".join(value.decode("latin-1") for name, value in scope["headers"] if name == b"cookie")
    found = [part.strip(" =").partition("=") for part in text.split(";")]
    return next((value for name, _, value in found if name == "__Host-session"), "")


def _with_session(path: str, request: Any, session: Any) -> tuple[int, bytes]:
    if path == "/sign-in":
        session.sign_in("mira")
    elif path == "/sign-out":
        session.sign_out()
    elif path == "/sign-out-all" and session.person:
        session.revoke_others()
        session.sign_out()
    elif path == "/remember":
        session["basket"] = [7]
    elif path == "/private" and not session.person:
        return 401, b"no"
    token = request.site.offers.get("csrf", lambda _: "")(request)
    return 200, f'<input name="csrf_token" value="{token}">'.encode() if token else b"ok"


probe_app = Probe()


def guarded(app: Any, *changes: Protection | Off, clock: Clock | None = None, **site: Any) -> Guard:
    """Return a guard for tests around `app`, answering for `shop.example`."""
    facts = {"hosts": ["shop.example"], "secrets": [SECRET], "clock": clock or HandClock(), **site}
    return Guard(app, *changes, **facts)


def only(*protections: Protection) -> list[Protection | Off]:
    """Return the changes that leave nothing on but `protections`."""
    names = {item.card.name for item in protections}
    return [*protections, *(off(kind, because=_NOT_UNDER_TEST) for kind in DEFAULTS if kind.card.name not in names)]


async def play(case: Case, changes: Sequence[Protection | Off], app: Any = None, target: Target = PROBE) -> Transcript:
    """Play `case` on `app` (a new probe) behind a guard with `changes`, and return what was heard."""
    witness, clock = Witness(app or Probe()), HandClock()
    guard = guarded(witness, *changes, clock=clock, **dict(case.site))
    return await Player(guard, witness, target, clock).play(case)
