"""A body that comes slowly ends in time, a slow line does not, and nothing is left behind."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Any

import pytest
from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route

from buckler.core.clock import HandClock
from buckler.guard import body, inflight
from buckler.protections.bodylimit import BodyLimit
from buckler.protections.deadline import Deadline
from buckler.testing import guarded, only
from tests.asgi import Wire, scope_of
from tests.guard.test_body import GONE, Reader, pieces, post

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request as Asked

    Passes = Callable[[float], Awaitable[None]]


class Trickle:
    """A client that waits before each piece: for so long by the machine's clock, or by one that is moved by hand."""

    def __init__(self, *bodies: bytes, pause_s: float, passes: Passes | None = None) -> None:
        self.messages, self.pause_s, self._passes = pieces(*bodies), pause_s, passes or asyncio.sleep

    async def __call__(self) -> Any:
        await self._passes(self.pause_s)
        return self.messages.pop(0) if self.messages else GONE


@pytest.fixture
def time_for(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], Passes]:
    """How time passes for a guard, by hand: a machine that stands still is no slow client."""
    clock = HandClock()
    for module in (body, inflight):
        monkeypatch.setattr(module, "monotonic", clock.monotonic)

    def of(guard: Any) -> Passes:
        async def passes(seconds_s: float) -> None:
            clock.move(seconds_s)
            guard._inflight._look(asyncio.get_running_loop())
            await asyncio.sleep(0)

        return passes

    return of


async def slowly(guard: Any, receive: Any) -> Wire:
    wire = Wire()
    await guard(scope_of("/", "POST", (b"transfer-encoding", b"chunked")), receive, wire.send)
    return wire


async def test_a_trickle_ends_and_nothing_is_left_behind() -> None:
    app = Reader()
    guard = guarded(app, *only(Deadline(body_s=0.1, min_body_bytes_per_s=1000)))
    wire = await slowly(guard, Trickle(*[b"a"] * 100, pause_s=0.02))
    assert (wire.status, wire.headers[b"connection"]) == (408, b"close")
    assert app.heard[-1] == GONE
    assert not guard.at_work
    current = asyncio.current_task()
    assert current is not None
    assert not current.cancelling()


@pytest.mark.parametrize(("size", "status"), [(100, 200), (1, 408)])
async def test_a_slow_line_with_much_to_say_is_no_trickle(time_for: Callable[[Any], Passes], size: int, status: int) -> None:
    guard = guarded(Reader(), *only(Deadline(body_s=0.2, min_body_bytes_per_s=1000)))
    assert (await slowly(guard, Trickle(*[b"a" * size] * 20, pause_s=0.02, passes=time_for(guard)))).status == status


async def test_only_waiting_for_the_client_counts(time_for: Callable[[Any], Passes]) -> None:
    async def busy(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            await passes(0.05)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    guard = guarded(busy, *only(Deadline(body_s=0.1, min_body_bytes_per_s=10_000)))
    passes = time_for(guard)
    assert (await slowly(guard, Trickle(*[b"a"] * 6, pause_s=0, passes=passes))).status == 200


async def test_the_handlers_time_begins_with_the_last_piece(time_for: Callable[[Any], Passes]) -> None:
    async def works(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        await passes(0.05)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    guard = guarded(works, *only(Deadline(body_s=5, handler_s=0.1)))
    passes = time_for(guard)
    assert (await slowly(guard, Trickle(*[b"a"] * 10, pause_s=0.03, passes=passes))).status == 200


async def test_a_reader_in_a_task_of_its_own_is_ended_too() -> None:
    """Middleware often reads in a child task; it is the one that waits, so it is the one that hears."""
    heard = []

    async def child(scope: Any, receive: Any, send: Any) -> None:
        async def read() -> None:
            while (message := await receive()).get("more_body"):
                pass
            heard.append(message)

        async with asyncio.TaskGroup() as group:
            group.create_task(read())
        raise RuntimeError("the client has gone")

    guard = guarded(child, *only(Deadline(body_s=0.05)))
    assert (await slowly(guard, Trickle(b"a", b"b", pause_s=60))).status == 408
    assert heard == [GONE]


async def test_a_slow_body_behind_an_answer_that_has_begun() -> None:
    async def early(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        assert await receive() == GONE
        await send({"type": "http.response.body", "body": b"begun"})

    wire = await slowly(guarded(early, *only(Deadline(body_s=0.05))), Trickle(b"a", b"b", pause_s=60))
    assert (wire.status, wire.body) == (200, b"begun")


async def test_a_report_only_deadline_tells_once() -> None:
    guard = guarded(Reader(), *only(Deadline(body_s=0.05, report_only=True)))
    assert (await slowly(guard, Trickle(b"a", b"b", pause_s=0.15))).status == 200
    assert [f"{event.kind} {event.mode}" for event in guard.plan.events.drain()] == ["deadline.body report"]


async def test_somebody_elses_cancellation_is_passed_on() -> None:
    task = asyncio.create_task(slowly(guard := guarded(Reader(), *only(Deadline())), Trickle(b"a", pause_s=60)))
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not guard.at_work


async def test_without_limits_a_body_is_only_handed_on() -> None:
    app = Reader()
    assert (await post(guarded(app, *only()), b"abc", b"def")).status == 200
    assert app.heard == pieces(b"abc", b"def")


async def test_a_slow_body_that_the_guard_itself_reads() -> None:
    """`csrf` looks into a small form before the application runs; the client may not take its time there either."""
    app = Reader()
    guard = guarded(app, Deadline(body_s=0.05))
    wire = Wire()
    headers = ((b"transfer-encoding", b"chunked"), (b"cookie", b"__Host-session=" + b"A" * 43), (b"content-type", b"text/plain"))
    await guard(scope_of("/", "POST", *headers), Trickle(b"a", b"b", pause_s=60), wire.send)
    assert (wire.status, app.heard) == (408, [])


async def test_a_streamed_upload_in_starlette() -> None:
    async def echo(asked: Asked) -> StreamingResponse:
        async def again() -> Any:
            async for piece in asked.stream():
                yield piece

        return StreamingResponse(again())

    guard = guarded(Starlette(routes=[Route("/", echo, methods=["POST"])]), *only(BodyLimit(), Deadline()))
    wire = Wire()
    wire.incoming = pieces(b"abc", b"def")
    newer = {"version": "3.0", "spec_version": "2.4"}
    await guard(scope_of("/", "POST", (b"transfer-encoding", b"chunked"), asgi=newer), wire.receive, wire.send)
    assert wire.body == b"abcdef"


async def test_a_thousand_bodies_leave_no_cycle() -> None:
    guard = guarded(Reader(), *only(BodyLimit(), Deadline()), clock=HandClock())
    guard.app.heard = []
    headers = ((b"content-type", b"application/json"),)
    await post(guard, b"[1]", headers=headers)
    while gc.collect():
        pass
    gc.disable()
    try:
        for _ in range(1000):
            await post(guard, b"[1]", headers=headers)
        assert gc.collect() < 1000  # what other threads have left meanwhile is not ours
    finally:
        gc.enable()
