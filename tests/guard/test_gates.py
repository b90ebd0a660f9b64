"""Gates count who is inside, in and out, however a request ends; listeners hear of every refusal."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from buckler.core.answer import Refusal, refusal
from buckler.core.protection import Card, Gate, Steps
from buckler.testing import guarded, only
from tests.asgi import Wire, scope_of
from tests.guard.odd import Odd

if TYPE_CHECKING:
    from buckler.core.request import Request

FULL = refusal(503, "odd.full", "Full.", "Come back.")


class Door:
    """A gate that writes down who passes, and refuses once it is told to."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.refuses = False
        self.told: list[str] = []

    def enter(self, request: Request, scope: Any) -> Refusal | None:
        assert scope["type"] == request.kind
        self.seen.append("in")
        return FULL if self.refuses else None

    def steps(self) -> Steps:
        gate = Gate(self.enter, lambda _: self.seen.append("out"), lambda _: self.seen.append("head"))
        return Steps(gate=gate, refused=lambda _, what: self.told.append(what.code))


class Another(Odd):
    card: ClassVar[Card] = Card("another", ())


async def hello(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


async def fails(scope: Any, receive: Any, send: Any) -> None:
    raise OSError("the application's own")


async def _ask(app: Any, door: Door, *, report_only: bool = False, scope: Any = None) -> Wire:
    wire = Wire()
    wire.incoming = [{"type": "websocket.connect"}]
    await guarded(app, *only(Odd(door.steps(), report_only=report_only)))(scope or scope_of(), wire.receive, wire.send)
    return wire


async def test_a_request_is_counted_in_and_out() -> None:
    door = Door()
    assert (await _ask(hello, door)).status == 200
    assert door.seen == ["in", "head", "out"]


async def test_a_refused_one_is_counted_out_too_and_told() -> None:
    door = Door()
    door.refuses = True
    assert (await _ask(hello, door)).status == 503
    assert (door.seen, door.told) == (["in", "out"], ["odd.full"])


async def test_what_only_reports_lets_in_and_tells_nobody() -> None:
    door = Door()
    door.refuses = True
    assert (await _ask(hello, door, report_only=True)).status == 200
    assert (door.seen, door.told) == (["in", "head", "out"], [])


async def test_an_application_that_fails_or_is_cancelled_has_left() -> None:
    door = Door()
    with pytest.raises(OSError, match="own"):
        await _ask(fails, door)
    assert door.seen == ["in", "out"]

    async def hangs(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(60)

    task = asyncio.create_task(_ask(hangs, door))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert door.seen[2:] == ["in", "out"]


async def test_a_websocket_is_inside_until_it_ends() -> None:
    door = Door()
    socket = scope_of(type="websocket", scheme="wss")
    assert [message["type"] for message in (await _ask(hello, door, scope=socket)).sent] == ["websocket.accept"]
    assert door.seen == ["in", "out"]
    door.refuses = True
    assert [message["type"] for message in (await _ask(hello, door, scope=socket)).sent] == ["websocket.close"]


async def test_a_gate_that_refuses_is_the_last_that_is_asked() -> None:
    first, second = Door(), Door()
    first.refuses = True
    wire = Wire()
    await guarded(hello, *only(Odd(first.steps()), Another(second.steps())))(scope_of(), wire.receive, wire.send)
    assert (wire.status, first.seen, second.seen) == (503, ["in", "out"], [])


async def test_several_gates_let_in_and_out() -> None:
    first, second = Door(), Door()
    wire = Wire()
    await guarded(hello, *only(Odd(first.steps()), Another(second.steps())))(scope_of(), wire.receive, wire.send)
    assert (wire.status, first.seen, second.seen) == (200, ["in", "head", "out"], ["in", "head", "out"])


async def test_gates_hear_when_the_client_is_waited_for() -> None:
    seen: list[str] = []
    gate = Gate(
        lambda *_: None,
        lambda _: seen.append("out"),
        paused=lambda _: seen.append("paused"),
        resumed=lambda _: seen.append("resumed"),
    )

    async def reads(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["more_body"]:
            seen.append("piece")
        await hello(scope, receive, send)

    wire = Wire()
    wire.incoming = [{"type": "http.request", "body": b"a", "more_body": True}, {"type": "http.request", "body": b"", "more_body": False}]
    upload = scope_of("/", "POST", (b"transfer-encoding", b"chunked"))
    await guarded(reads, *only(Odd(Steps(gate=gate))))(upload, wire.receive, wire.send)
    assert seen == ["paused", "resumed", "piece", "paused", "resumed", "out"]
