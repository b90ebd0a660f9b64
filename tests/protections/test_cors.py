"""`cors` beyond its cases: what is said to whom, and what can not be configured."""

from __future__ import annotations

from typing import Any

import pytest

from buckler.core.answer import Answer
from buckler.errors import ConfigError
from buckler.protections.cors import CORS
from buckler.testing import guarded, only
from tests.asgi import Wire, scope_of
from tests.requests import request_of

APP = b"https://app.example"


async def heard(protection: CORS, *headers: tuple[bytes, bytes], method: str = "GET", says: tuple[tuple[bytes, bytes], ...] = ()) -> Any:
    """Return status, headers, events and whether the application ran."""
    ran: list[bool] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        ran.append(True)
        await send({"type": "http.response.start", "status": 200, "headers": list(says)})
        await send({"type": "http.response.body", "body": b""})

    guard, wire = guarded(app, *only(protection)), Wire()
    await guard(scope_of("/", method, *headers), wire.receive, wire.send)
    return (
        wire.status,
        wire.sent[0]["headers"],
        [f"{event.kind} {event.mode} {event.detail}" for event in guard.plan.events.drain()],
        bool(ran),
    )


def _preflight(origin: bytes = APP) -> tuple[tuple[bytes, bytes], ...]:
    return (b"origin", origin), (b"access-control-request-method", b"PUT")


async def test_nothing_is_said_by_default() -> None:
    assert await heard(CORS()) == (200, [], [], True)
    assert await heard(CORS(), (b"origin", APP)) == (200, [], [], True)


async def test_what_the_application_says_itself_is_removed_and_told() -> None:
    says = ((b"Access-Control-Allow-Origin", APP), (b"access-control-allow-credentials", b"true"), (b"x-a", b"b"))
    assert await heard(CORS(), (b"origin", APP), says=says) == (200, [(b"x-a", b"b")], ["cors.removed note https://app.example"], True)
    kept = [(name.lower(), value) for name, value in says]
    report = await heard(CORS(report_only=True), (b"origin", APP), says=says)
    assert report == (200, kept, ["cors.removed report https://app.example"], True)


async def test_a_named_origin_is_told_so() -> None:
    protection = CORS(origins=[APP.decode()], credentials=True, expose=["x-total", "etag"])
    grant = [
        (b"access-control-allow-origin", APP),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-expose-headers", b"x-total, etag"),
        (b"vary", b"Origin"),
    ]
    assert await heard(protection, (b"origin", APP)) == (200, grant, [], True)
    assert await heard(protection, (b"origin", APP), says=((b"access-control-allow-origin", APP),)) == (200, grant, [], True)
    assert await heard(CORS(origins=[APP.decode()]), (b"origin", APP)) == (200, [grant[0], grant[3]], [], True)


async def test_every_answer_varies_where_answers_differ() -> None:
    protection = CORS(origins=[APP.decode()])
    for headers in ((), ((b"origin", b"https://evil.example"),)):
        assert await heard(protection, *headers) == (200, [(b"vary", b"Origin")], [], True)
        assert await heard(protection, *headers, says=((b"vary", b"Accept"),)) == (200, [(b"vary", b"Accept, Origin")], [], True)


async def test_anybody() -> None:
    protection = CORS(origins=["*"], expose=["etag"])
    grant = [(b"access-control-allow-origin", b"*"), (b"access-control-expose-headers", b"etag")]
    assert await heard(protection) == (200, grant, [], True)
    assert await heard(protection, (b"origin", b"null"), says=((b"vary", b"Accept"),)) == (200, [(b"vary", b"Accept"), *grant], [], True)
    reflected = await heard(protection, (b"origin", APP), says=((b"access-control-allow-origin", APP),))
    assert reflected == (200, grant, ["cors.removed note https://app.example"], True)


async def test_preflights_are_answered_without_the_application() -> None:
    protection = CORS(origins=[APP.decode()], methods=["PUT"], headers=["authorization", "content-type"], max_age_s=60)
    status, headers, events, ran = await heard(protection, *_preflight(), method="OPTIONS")
    assert (status, events, ran) == (204, [], False)
    assert dict(headers) == {
        b"access-control-allow-origin": APP,
        b"access-control-allow-methods": b"PUT",
        b"access-control-allow-headers": b"authorization, content-type",
        b"access-control-max-age": b"60",
        b"vary": b"Origin",
    }
    status, headers, _, ran = await heard(CORS(origins=["*"]), *_preflight(b"null"), method="OPTIONS")
    assert (status, dict(headers)[b"access-control-allow-origin"], ran) == (204, b"*", False)


@pytest.mark.parametrize(
    "origin", [b"https://evil.example", b"null", b"", b"https://app.example.evil.example", b"https://app.example/", b"*"]
)
async def test_preflights_of_others_are_refused(origin: bytes) -> None:
    for protection in (CORS(), CORS(origins=[APP.decode()], credentials=True)):
        status, headers, events, ran = await heard(protection, *_preflight(origin), method="OPTIONS")
        assert (status, events, ran) == (403, ["cors.preflight enforced "], False)
        assert b"access-control-allow-origin" not in dict(headers)


async def test_report_only_lets_preflights_through() -> None:
    status, _, events, ran = await heard(CORS(report_only=True), *_preflight(), method="OPTIONS")
    assert (status, events, ran) == (200, ["cors.preflight report "], True)


@pytest.mark.parametrize(
    "headers", [(), ((b"origin", APP),), ((b"access-control-request-method", b"PUT"),), _preflight(b"https://shop.example")]
)
async def test_other_options_requests_are_the_applications(headers: Any) -> None:
    for protection in (CORS(), CORS(origins=["https://b.example"])):
        assert (await heard(protection, *headers, method="OPTIONS"))[3] is True


def test_answers_are_made_once() -> None:
    """A preflight is answered with an object that exists since startup."""
    check = guarded(None, *only(CORS(origins=[APP.decode()]))).plan.checks[0]
    request = request_of(*_preflight(), method="OPTIONS")
    assert isinstance(check(request), Answer)
    assert check(request) is check(request)


@pytest.mark.parametrize(
    "origin",
    [
        "null", "https://*.example", "app.example", "https://app.example/", "https://App.example", "https://app.example:443",
        "http://app.example:80", "ftp://app.example", "https://user@app.example", "https://", "https://app.example\n", "",
    ],
)  # fmt: skip
def test_origins_that_no_browser_sends(origin: str) -> None:
    with pytest.raises(ConfigError, match="origins"):
        CORS(origins=[origin])


@pytest.mark.parametrize(
    "options",
    [
        {"origins": "https://app.example"},
        {"origins": ["*", "https://app.example"]},
        {"origins": ["*"], "credentials": True},
        {"origins": ["http://app.example"], "credentials": True},
        {"headers": ["*"]},
        {"headers": ["a b"]},
        {"methods": [""]},
        {"methods": ["*"]},
        {"expose": ["*"]},
        {"max_age_s": 0},
    ],
)
def test_settings_that_cannot_work(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="CORS"):
        CORS(**options)


def test_a_developers_front_end_over_plain_http() -> None:
    CORS(origins=["http://localhost:5173", "http://127.0.0.1:5173", "http://[::1]:5173"], credentials=True)
    CORS(origins=["http://intranet.example"])


NAMED = CORS(origins=[APP.decode()], credentials=True)
CROSS_SITE = (b"sec-fetch-site", b"cross-site")


async def refused(cors: CORS, *headers: tuple[bytes, bytes]) -> dict[bytes, bytes]:
    """Return the head of what `csrf` says to another site's POST."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("it is refused")

    guard, wire = guarded(app, cors), Wire()
    await guard(scope_of("/", "POST", CROSS_SITE, *headers), wire.receive, wire.send)
    assert wire.status == 403
    found = wire.sent[0]["headers"]
    assert sum(name == b"vary" for name, _ in found) == 1
    return dict(found)


async def test_a_named_origin_can_read_why_it_is_refused() -> None:
    head = await refused(NAMED, (b"origin", APP))
    assert head[b"access-control-allow-origin"] == APP
    assert head[b"access-control-allow-credentials"] == b"true"
    assert head[b"vary"] == b"Accept, Origin"


@pytest.mark.parametrize(
    "origin", [b"https://evil.example", b"null", b"*", b"", b"https://app.example.evil.example", b"HTTPS://app.example"]
)
async def test_no_other_origin_can(origin: bytes) -> None:
    for headers in (((b"origin", origin),), ()):
        head = await refused(NAMED, *headers)
        assert not [name for name in head if name.startswith(b"access-control-")]
        assert head[b"vary"] == b"Accept, Origin", "a cache must not keep it for the named one"


async def test_where_nobody_is_named_a_refusal_says_nothing_of_origins() -> None:
    head = await refused(CORS(), (b"origin", APP))
    assert not [name for name in head if name.startswith(b"access-control-")]
    assert head[b"vary"] == b"Accept"


async def test_anybody_can_read_why_where_anybody_can_read() -> None:
    head = await refused(CORS(origins=["*"]), (b"origin", b"https://anybody.example"))
    assert head[b"access-control-allow-origin"] == b"*"
    assert head[b"vary"] == b"Accept"


async def test_an_error_of_the_application_can_be_read_as_well() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise ZeroDivisionError

    guard, wire = guarded(app, NAMED), Wire()
    with pytest.raises(ZeroDivisionError):
        await guard(scope_of("/", "GET", (b"origin", APP)), wire.receive, wire.send)
    assert wire.status == 500
    assert (b"access-control-allow-origin", APP) in wire.sent[0]["headers"]
