"""A body that is watched while it arrives: however it is told, cut, or timed, the guard answers once and leaks nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from buckler.errors import ConfigError
from buckler.protections.bodylimit import BodyLimit, body_limit, length
from buckler.protections.deadline import Deadline
from buckler.testing import guarded, only
from tests.asgi import Wire, scope_of

if TYPE_CHECKING:
    from starlette.requests import Request as Asked

GONE = {"type": "http.disconnect"}


def pieces(*bodies: bytes) -> list[dict[str, Any]]:
    return [{"type": "http.request", "body": body, "more_body": number < len(bodies)} for number, body in enumerate(bodies, 1)]


class Reader:
    """Reads the whole body, keeps every message, then answers."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        while True:
            self.heard.append(await receive())
            if not self.heard[-1].get("more_body"):
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"read"})


async def post(guard: Any, *bodies: bytes, path: str = "/", headers: tuple[tuple[bytes, bytes], ...] = ()) -> Wire:
    wire = Wire()
    wire.incoming = pieces(*bodies)
    await guard(scope_of(path, "POST", (b"transfer-encoding", b"chunked"), *headers), wire.receive, wire.send)
    return wire


async def test_the_application_hears_a_disconnect_and_the_guard_answers_once() -> None:
    app = Reader()
    wire = await post(guarded(app, *only(BodyLimit(max_bytes=5))), b"abc", b"def", b"ghi")
    assert app.heard == [pieces(b"abc", b"")[0], GONE]
    assert [message["type"] for message in wire.sent] == ["http.response.start", "http.response.body"]
    assert (wire.status, wire.headers[b"connection"]) == (413, b"close")
    assert b"bodylimit.too_large" in wire.body


async def test_a_body_of_just_the_limit_passes() -> None:
    app = Reader()
    assert (await post(guarded(app, *only(BodyLimit(max_bytes=6))), b"abc", b"def")).status == 200
    assert app.heard == pieces(b"abc", b"def")


async def test_a_body_that_breaks_off_is_not_taken_for_a_whole_one() -> None:
    """granian says `disconnect` of a malformed chunk, and would still send what the application answers (CVE-2025-43859)."""
    for protections, status, events in (
        ([BodyLimit()], 400, ["bodylimit.incomplete enforced"]),
        ([BodyLimit(report_only=True)], 200, ["bodylimit.incomplete report"]),
        ([], 200, []),
    ):
        app, wire = Reader(), Wire()
        wire.incoming = [*pieces(b"abc", b"")[:1], GONE]
        guard = guarded(app, *only(*protections))
        await guard(scope_of("/", "POST", (b"transfer-encoding", b"chunked")), wire.receive, wire.send)
        assert app.heard == [pieces(b"abc", b"")[0], GONE]
        assert wire.status == status
        assert [f"{event.kind} {event.mode}" for event in guard.plan.events.drain()] == events


async def test_a_client_that_leaves_is_no_error_of_the_application() -> None:
    async def reads(asked: Asked) -> PlainTextResponse:
        return PlainTextResponse(str(await asked.body()))

    wire = Wire()
    wire.incoming = [GONE]
    guard = guarded(Starlette(routes=[Route("/", reads, methods=["POST"])]), *only(BodyLimit()))
    await guard(scope_of("/", "POST", (b"content-length", b"9")), wire.receive, wire.send)
    assert wire.status == 400


async def test_whoever_asks_again_hears_the_same() -> None:
    heard = []

    async def stubborn(scope: Any, receive: Any, send: Any) -> None:
        heard.extend([await receive() for _ in range(4)])
        raise RuntimeError("the client has gone")

    wire = await post(guarded(stubborn, *only(BodyLimit(max_bytes=1))), b"abc", b"def")
    assert heard == [GONE] * 4
    assert wire.status == 413


async def test_an_answer_that_has_begun_is_not_replaced() -> None:
    async def early(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        assert await receive() == GONE
        await send({"type": "http.response.body", "body": b"begun"})

    wire = await post(guarded(early, *only(BodyLimit(max_bytes=1))), b"abc")
    assert (wire.status, wire.body) == (200, b"begun")


async def test_after_the_body_nothing_is_timed_or_counted() -> None:
    """A handler of a long answer waits for the client to leave: for as long as it likes."""
    left = asyncio.Event()

    async def listens(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        assert await receive() == GONE
        left.set()

    async def receive() -> Any:
        if messages:
            return messages.pop(0)
        await asyncio.sleep(0.3)
        return GONE

    messages, wire = pieces(b"abc"), Wire()
    guard = guarded(listens, *only(Deadline(body_s=0.05, handler_s=0.05), BodyLimit()))
    await guard(scope_of("/", "POST", (b"content-length", b"3")), receive, wire.send)
    assert left.is_set()
    assert wire.status == 200


@pytest.mark.parametrize(
    ("options", "kind", "body", "code"),
    [
        ({"max_bytes": 5}, b"text/plain", b"abcdef", "bodylimit.too_large"),
        ({"max_fields": 2}, b"application/x-www-form-urlencoded", b"a&b&c", "bodylimit.too_many_fields"),
        ({"max_depth": 1}, b"application/json", b"[[]]", "bodylimit.too_deep"),
        ({"max_parts": 1}, b"multipart/form-data; boundary=b", b"--b\r\n\r\n\r\n" * 2 + b"--b--", "bodylimit.too_many_parts"),
    ],
)
async def test_report_only_tells_once_and_lets_pass(options: dict[str, Any], kind: bytes, body: bytes, code: str) -> None:
    headers = ((b"content-type", kind),)
    assert code.encode() in (await post(guarded(Reader(), *only(BodyLimit(**options))), body, headers=headers)).body
    app = Reader()
    guard = guarded(app, *only(BodyLimit(report_only=True, **options)))
    assert (await post(guard, body, body, b"", headers=headers)).status == 200
    assert app.heard == pieces(body, body, b"")
    assert [f"{event.kind} {event.mode}" for event in guard.plan.events.drain()] == [f"{code} report"]


async def test_two_content_types_are_refused() -> None:
    headers = ((b"content-type", b"application/json"), (b"content-type", b"text/plain"))
    assert (await post(guarded(Reader(), *only(BodyLimit())), b"x", headers=headers)).status == 400


def _routed() -> Starlette:
    async def reads(asked: Asked) -> PlainTextResponse:
        return PlainTextResponse(str(len(await asked.body())))

    @body_limit(max_bytes=20)
    async def upload(asked: Asked) -> PlainTextResponse:
        return await reads(asked)

    inner = Mount("/inner", routes=[Route("/upload", upload, methods=["POST"]), Route("/small", reads, methods=["POST"])])
    small = [
        Route("/upload/", reads, methods=["POST"]),
        Route("/small", upload, methods=["POST"]),
        Route("/other", reads, methods=["POST"]),
    ]
    return Starlette(routes=[Route("/upload", upload, methods=["POST"]), inner, *small])


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/upload", 200),
        ("/upload/", 413),
        ("/inner/upload", 200),
        ("/inner/small", 413),
        ("/other", 413),
        ("/upload/x", 404),
        ("/small", 200),
    ],
)
async def test_a_route_may_take_more(path: str, status: int) -> None:
    """The exemption hangs on the endpoint: not on a neighbouring path (CVE-2025-47910), not on another route of the same ending."""
    guard = guarded(_routed(), *only(BodyLimit(max_bytes=10)))
    declared = Wire()
    declared.incoming = pieces(b"x" * 15)
    await guard(scope_of(path, "POST", (b"content-length", b"15")), declared.receive, declared.send)
    assert declared.status == (413 if status == 404 else status)  # refused before anybody looks for the route
    assert (await post(guard, b"x" * 8, b"x" * 7, path=path)).status == status
    assert (await post(guard, b"x" * 8, path=path)).status == (404 if status == 404 else 200)


async def test_a_routes_own_limit_is_a_limit() -> None:
    guard = guarded(_routed(), *only(BodyLimit(max_bytes=10)))
    assert (await post(guard, *[b"x" * 7] * 3, path="/upload")).status == 413
    wire = Wire()
    wire.incoming = pieces(b"x" * 21)
    await guard(scope_of("/upload", "POST", (b"content-length", b"21")), wire.receive, wire.send)
    assert wire.status == 413
    wire = Wire()
    wire.incoming = pieces(b"x" * 21)
    await guard(scope_of("/upload", "POST", (b"content-length", b"15")), wire.receive, wire.send)
    assert wire.status == 413, "understated"


@pytest.mark.parametrize("max_bytes", [0, -1, True, "1MB", 1.5])
def test_a_mark_that_cannot_work(max_bytes: Any) -> None:
    with pytest.raises(ConfigError, match="max_bytes"):
        body_limit(max_bytes=max_bytes)


@pytest.mark.parametrize(
    ("declared", "number"), [(b"0", 0), (b"17", 17), (b"", 0), (b"-1", 0), (b"1e9", 0), (b"9" * 19, 10**19 - 1), (b"1" * 10_000, 10**19)]
)
def test_lengths(declared: bytes, number: int) -> None:
    assert length(declared) == number
