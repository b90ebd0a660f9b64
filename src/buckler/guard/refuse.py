"""Says no: problem details for programs (RFC 9457), an accessible page for people, the same code in both."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from buckler.core.answer import Answer, Refusal, refusal
from buckler.core.event import Event
from buckler.core.protection import Head

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from buckler.core.headers import Header, Headers
    from buckler.core.request import Request
    from buckler.guard.plan import Plan

APP_FAILED = refusal(500, "app.failed", "The application could not answer.", "Try again later; the error has been recorded.")
STORE_FAILED = refusal(503, "store.failed", "The site cannot check this request at the moment.", "Try again in a few seconds.")
_NO_CONTENT = 204
GUARD_REFUSALS = (APP_FAILED, STORE_FAILED)

_STYLE = (
    ":root{color-scheme:light dark}body{font:1.0625rem/1.6 system-ui,sans-serif;max-width:34rem;margin:12vh auto;padding:0 1.5rem}"
    "h1{font-size:1.5rem;line-height:1.25;margin:0 0 .75rem}p{margin:.5rem 0}.code{font-size:.875rem;opacity:.75;margin-top:2rem}"
    "a{color:LinkText}"
)
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
PAGE_POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'".encode()


async def answer(plan: Plan, scope: MutableMapping[str, Any], request: Request, what: Answer, talk: Talk) -> None:
    """Send `what` and record it. Touches no store and not the application; of the body it reads nothing."""
    if isinstance(what, Refusal):
        record(plan, request, what)
    if request.kind == "websocket":
        await _close(plan, scope, request, what, talk)
        return
    request.started = True
    _, send = talk
    head, body = render(plan, request, what)
    await send({"type": "http.response.start", "status": what.status, "headers": head})
    await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else body})


Talk = tuple["Callable[[], Awaitable[Any]]", "Callable[[Any], Awaitable[None]]"]


async def _close(plan: Plan, scope: MutableMapping[str, Any], request: Request, what: Answer, talk: Talk) -> None:
    """Refuse a handshake: with the full answer where the server can, else by closing, which servers turn into 403."""
    receive, send = talk
    await receive()
    if "websocket.http.response" not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close", "code": 1008})  # RFC 6455: policy violation
        return
    head, body = render(plan, request, what)
    await send({"type": "websocket.http.response.start", "status": what.status, "headers": head})
    await send({"type": "websocket.http.response.body", "body": body})


def record(plan: Plan, request: Request, what: Refusal) -> None:
    """Note an enforced refusal, and tell the protections that listen."""
    plan.events.append(event_of(what, request, plan.clock.now()))
    for tell in plan.refused:
        tell(request, what)


def event_of(what: Refusal, request: Request, at_s: float, mode: str = "enforced") -> Event:
    """Return the record of a refusal. The query is left out on purpose: it may carry what must not be logged."""
    return Event(what.code, at_s, mode, request.method, request.path, request.client)


def render(plan: Plan, request: Request, what: Answer) -> tuple[list[Header], bytes]:
    """Return head and body. `Connection: close` goes with every refused request that may still be sending a body."""
    if not isinstance(what, Refusal):
        own: Headers = what.headers
        if what.status != _NO_CONTENT:  # RFC 9110, section 8.6: no length with 204
            own = (*own, (b"content-length", b"%d" % len(what.body)))
        return _joined(own, plan.constant), what.body
    as_page = b"text/html" in request.headers.get(b"accept", b"")
    common, body = _rendered(what.status, what.code, what.title, what.advice, as_page)
    head = _joined((*common, *what.headers), plan.constant)
    if request.http_version in {"1.0", "1.1"} and may_have_body(request):
        head.append((b"connection", b"close"))
    for dress in plan.refusal_dressers:
        dress(request, Head(what.status, head))
    return head, body


def may_have_body(request: Request) -> bool:
    """Whether body bytes may follow: announced (RFC 9112, section 6), or HTTP/2, which need not announce them."""
    headers = request.headers
    return b"content-length" in headers or b"transfer-encoding" in headers or request.http_version not in {"1.0", "1.1"}


def _joined(own: Headers, constant: Headers) -> list[Header]:
    names = {name for name, _ in own}
    return [*own, *(item for item in constant if item[0] not in names)]


@lru_cache(maxsize=512)
def _rendered(status: int, code: str, title: str, advice: str, as_page: bool) -> tuple[Headers, bytes]:
    """Deliberately without the refusal's own headers: a redirect's `Location` would fill the cache with what strangers ask for."""
    what = Refusal(status, code=code, title=title, advice=advice)
    body = _page(what) if as_page else _problem(what)
    kind = b"text/html; charset=utf-8" if as_page else b"application/problem+json"
    own: list[Header] = [
        (b"content-type", kind),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        (b"vary", b"Accept"),
    ]
    if as_page:
        own.append((b"content-security-policy", PAGE_POLICY))
    return tuple(own), body


def _problem(what: Refusal) -> bytes:
    parts = {"type": f"urn:buckler:{what.code}", "title": what.title, "status": what.status, "detail": what.advice, "code": what.code}
    return json.dumps(parts, ensure_ascii=False).encode()


def _page(what: Refusal) -> bytes:
    title, advice = html.escape(what.title), html.escape(what.advice)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="robots" content="noindex"><title>{what.status} · {title}</title><style>{_STYLE}</style></head>'
        f'<body><main><h1>{title}</h1><p>{advice}</p><p><a href="/">Go to the start page</a></p>'
        f'<p class="code">Error {what.status} · <code>{html.escape(what.code)}</code></p></main></body></html>'
    ).encode()
