"""What a protection refuses when it dresses the answer is refused, kept or not; and what is looked at late counts too."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from buckler import Cache
from buckler.core.answer import refusal
from buckler.core.protection import Card, Head, Steps
from buckler.testing import guarded
from tests.asgi import Wire, scope_of
from tests.guard.cache.origin import Origin, is_hit, says

if TYPE_CHECKING:
    from buckler.core.request import Request

NO = refusal(500, "late.no", "No.", "Never.")


class Late:
    """Refuses when it sees the head."""

    card: ClassVar[Card] = Card("late", (NO,))
    cases: ClassVar = ()
    report_only = False
    says_no = True

    def steps(self, site: Any) -> Steps:
        def dress(request: Request, head: Head) -> None:
            if self.says_no:
                request.refusal = NO

        def check(request: Request) -> None:
            request.touched = True

        def settle(_: Request) -> list[Any]:
            return []

        return Steps(check=check, dress=dress, settle=settle)


@pytest.mark.parametrize("pieces", [[b"page"], [b"pa", b"ge"]])
async def test_a_late_refusal_takes_the_place_of_the_answer(pieces: list[bytes]) -> None:
    origin, late = Origin(says("cache-control: max-age=60", pieces=pieces)), Late()
    origin.guard = guarded(origin.app, Cache(), late, clock=origin.clock)
    assert (await origin.ask()).status == 500
    late.says_no = False
    await origin.ask()
    assert is_hit(await origin.ask())
    late.says_no = True
    found = await origin.ask()
    assert (found.status, b"page" in found.body) == (500, False)


async def test_so_it_does_where_nothing_would_be_kept() -> None:
    origin = Origin(says("cache-control: max-age=60", "content-length: 10"))
    origin.guard = guarded(origin.app, Cache(), Late(), clock=origin.clock)
    assert (await origin.ask()).status == 500


@pytest.mark.parametrize("whole", [True, False])
async def test_what_is_looked_at_while_the_body_is_written_counts(whole: bool) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"cache-control", b"max-age=60")]})
        if not whole:
            await send({"type": "http.response.body", "body": b"Hello ", "more_body": True})
        name = dict(scope["headers"]).get(b"cookie", b"nobody")
        await send({"type": "http.response.body", "body": bytes(name)})

    guard = guarded(app, Cache())
    for cookies in ([(b"cookie", b"mira")], []):
        wire = Wire()
        await guard(scope_of("/", "GET", *cookies), wire.receive, wire.send)
        assert not is_hit(wire)
    assert b"mira" not in wire.body


async def test_an_application_that_fails_after_its_head_is_answered_for() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"cache-control", b"max-age=60")]})
        if scope["path"] == "/late":
            scope["buckler"].refusal = NO
            await send({"type": "http.response.body", "body": b"page", "more_body": True})
            await send({"type": "http.response.body", "body": b"page"})
        elif scope["path"] == "/raises":
            raise ValueError("no database")

    guard = guarded(app, Cache())
    for path, code in (("/late", b"late.no"), ("/never", b"app.failed"), ("/raises", b"app.failed")):
        wire = Wire()
        with suppress(ValueError):
            await guard(scope_of(path), wire.receive, wire.send)
        assert (wire.status, len(wire.sent)) == (500, 2)
        assert code in wire.body


async def test_an_application_that_stops_in_the_middle_leaves_nothing() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"cache-control", b"max-age=60")]})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        await send({"type": "http.response.trailers", "headers": []})

    guard = guarded(app, Cache())
    for _ in range(2):
        wire = Wire()
        await guard(scope_of(), wire.receive, wire.send)
        assert not is_hit(wire)


@pytest.mark.parametrize("status", [401, 412, 416, 429, 431])
async def test_what_is_wrong_with_one_request_keeps_nobody_out(status: int) -> None:
    origin = Origin(says("cache-control: public, max-age=60", status=status))
    await origin.ask()
    assert not is_hit(await origin.ask())


@pytest.mark.parametrize("before", [[], [{"type": "http.response.body", "body": b"a", "more_body": True}]])
async def test_a_file_that_the_server_sends_by_itself_is_not_kept(before: list[dict[str, Any]]) -> None:
    calls = 0

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal calls
        calls += 1
        await send({"type": "http.response.start", "status": 200, "headers": [(b"cache-control", b"max-age=60")]})
        for message in before:
            await send(message)
        await send({"type": "http.response.pathsend", "path": "/etc/hostname"})

    guard = guarded(app)
    for _ in range(2):
        sent: list[Any] = []

        async def send(message: Any, sent: list[Any] = sent) -> None:
            sent.append(message["type"])

        await guard(scope_of("/"), Wire().receive, send)
        assert sent == ["http.response.start", *(item["type"] for item in before), "http.response.pathsend"]
    assert calls == 2


async def test_a_file_whose_head_is_refused_is_not_sent() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"cache-control", b"max-age=60")]})
        await send({"type": "http.response.pathsend", "path": "/etc/hostname"})

    wire = Wire()
    await guarded(app, Cache(), Late())(scope_of("/"), wire.receive, wire.send)
    assert (wire.status, [message["type"] for message in wire.sent]) == (500, ["http.response.start", "http.response.body"])


async def test_a_file_in_whose_place_something_kept_is_sent() -> None:
    origin = Origin(says("cache-control: max-age=1, stale-if-error=60", body=b"kept"))
    await origin.ask()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 500, "headers": []})
        await send({"type": "http.response.pathsend", "path": "/etc/hostname"})

    origin.guard.app = app
    assert (await origin.ask(after_s=2)).body == b"kept"
