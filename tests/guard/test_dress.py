"""The head of a response that is touched, watched or ordinary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from buckler.core.protection import Head, Steps
from buckler.core.store import Get, Op, Put
from buckler.testing import guarded, only
from tests.asgi import scope_of
from tests.guard.odd import Odd, ok, talk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from buckler.core.request import Request


async def test_touched_responses_are_dressed_and_settled_before_the_head() -> None:
    def dress(request: Request, head: Head) -> None:
        head.headers.append((b"x-dressed", b"1"))
        head.status = 201

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scope["buckler"].note("odd", 1)
        scope["buckler"].extra_headers = ((b"x-extra", b"2"),)
        await ok(scope, receive, send)

    settles: Iterator[list[Op] | None] = iter([[Put("k", b"v", 9.0)], None])
    guard = guarded(app, *only(Odd(Steps(dress=dress, settle=lambda _: next(settles)))))
    wire = await talk(guard, scope_of())
    assert (wire.status, wire.headers[b"x-dressed"], wire.headers[b"x-extra"]) == (201, b"1", b"2")
    assert await guard.plan.site.store.batch([Get("k")]) == [b"v"]
    assert (await talk(guard, scope_of())).status == 201


async def test_a_watched_header_calls_the_dressers() -> None:
    def dress(request: Request, head: Head) -> None:
        head.headers = [item for item in head.headers if item[0] != b"x-bad"]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"X-Bad", b"1"), (b"etag", b"2")]})
        await send({"type": "http.response.body"})

    wire = await talk(guarded(app, *only(Odd(Steps(dress=dress, watch=frozenset({b"x-bad"}))))), scope_of())
    assert wire.sent[0]["headers"] == [(b"etag", b"2")]


async def test_only_a_thousand_shapes_of_heads_are_remembered() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(scope["path"][1:].encode(), b"")]})
        await send({"type": "http.response.body"})

    guard = guarded(app, *only())
    for count in range(1_030):
        assert (await talk(guard, scope_of(f"/x-{count}"))).status == 200
