"""A handler has its time, and then it ends: whatever it does about it, one answer leaves and no entry stays."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from buckler.errors import ConfigError, StoreError
from buckler.guard.inflight import InFlight
from buckler.protections.deadline import Deadline, time_limit
from buckler.testing import guarded, only
from tests.asgi import Wire, scope_of
from tests.requests import request_of

if TYPE_CHECKING:
    from starlette.requests import Request as Asked

OK = {"type": "http.response.start", "status": 200, "headers": []}
SOON = Deadline(handler_s=0.05, body_s=0.05)


async def ask(app: Any, protection: Deadline = SOON, **changes: Any) -> tuple[Wire, Any]:
    guard, wire = guarded(app, *only(protection)), Wire()
    await asyncio.wait_for(guard(scope_of(**changes), wire.receive, wire.send), 60)
    return wire, guard


def one_answer(wire: Wire, status: int) -> bool:
    return wire.status == status and [message["type"] for message in wire.sent] == ["http.response.start", "http.response.body"]


async def hangs(scope: Any, receive: Any, send: Any) -> None:
    await asyncio.sleep(60)


async def test_a_handler_that_hangs() -> None:
    wire, guard = await ask(hangs)
    assert one_answer(wire, 503)
    assert b"deadline.handler" in wire.body
    assert not guard.at_work
    task = asyncio.current_task()
    assert task is not None
    assert not task.cancelling(), "the server's task would be cancelled for the next request"


async def test_a_handler_that_swallows_the_cancellation_and_answers() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await send(OK)
            await send({"type": "http.response.body", "body": b"stale"})

    wire, guard = await ask(app)
    assert one_answer(wire, 503)
    assert b"stale" not in wire.body
    assert not guard.at_work


async def test_a_handler_that_swallows_it_and_goes_on_is_cancelled_again() -> None:
    times: list[bool] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while len(times) < 3:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                times.append(True)

    wire, guard = await ask(app)
    assert one_answer(wire, 503)
    assert len(times) == 3
    assert not guard.at_work


async def test_a_handler_that_swallows_it_and_returns_nothing() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return

    assert one_answer((await ask(app))[0], 503)


async def test_a_handler_that_turns_it_into_an_error() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            raise RuntimeError("cannot end") from None

    assert one_answer((await ask(app))[0], 503)


async def test_a_handler_with_a_timeout_of_its_own() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        async with asyncio.timeout(60):
            await asyncio.sleep(60)

    assert one_answer((await ask(app))[0], 503)


async def test_a_timeout_inside_the_handler_is_the_handlers() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            async with asyncio.timeout(0.01):
                await asyncio.sleep(60)
        except TimeoutError:
            await send(OK)
            await send({"type": "http.response.body", "body": b"cached"})

    wire, _ = await ask(app, Deadline())
    assert (wire.status, wire.body) == (200, b"cached")


async def test_what_streams_is_not_timed() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(OK)
        for _ in range(4):
            await asyncio.sleep(0.04)
            await send({"type": "http.response.body", "body": b".", "more_body": True})
        await send({"type": "http.response.body", "body": b"."})

    wire, guard = await ask(app)
    assert (wire.status, wire.body) == (200, b".....")
    assert not guard.at_work


async def test_a_websocket_is_not_timed() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept", "headers": []})
        await asyncio.sleep(0.15)
        await send({"type": "websocket.close"})

    wire, _ = await ask(app, type="websocket", scheme="wss")
    assert [message["type"] for message in wire.sent] == ["websocket.accept", "websocket.close"]


async def test_a_websocket_may_be_refused_after_the_store_was_asked() -> None:
    class Closed:
        async def batch(self, ops: Any) -> Any:
            raise StoreError("down")

        async def close(self) -> None: ...

    guard, wire = guarded(hangs, store=Closed()), Wire()
    wire.incoming = [{"type": "websocket.connect"}]
    headers = ((b"cookie", b"__Host-session=" + b"A" * 43), (b"origin", b"https://shop.example"))
    await guard(scope_of("/", "GET", *headers, type="websocket", scheme="wss"), wire.receive, wire.send)
    assert [message["type"] for message in wire.sent] == ["websocket.close"]


async def test_the_servers_own_cancellation_is_passed_on() -> None:
    guard, wire = guarded(hangs, *only(Deadline())), Wire()
    task = asyncio.create_task(guard(scope_of(), wire.receive, wire.send))
    await asyncio.sleep(0.02)
    assert guard.at_work == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not guard.at_work
    assert wire.sent == []


async def test_the_servers_cancellation_at_the_same_time_neither_hangs_nor_answers_twice() -> None:
    guard, wire = guarded(hangs, *only(SOON)), Wire()
    task = asyncio.create_task(guard(scope_of(), wire.receive, wire.send))
    while not task.cancelling():  # noqa: ASYNC110  # the very step of the loop in which the guard cancels it
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait_for(asyncio.gather(task, return_exceptions=True), 60)
    assert len(wire.sent) in {0, 2}
    assert not guard.at_work


async def test_a_client_that_leaves_at_the_same_time() -> None:
    async def gone(message: Any) -> None:
        raise OSError("the client has gone")

    guard = guarded(hangs, *only(SOON))
    with pytest.raises(OSError, match="gone"):
        await guard(scope_of(), Wire().receive, gone)
    assert not guard.at_work


async def test_the_store_may_not_hang_either() -> None:
    class Stuck:
        async def batch(self, ops: Any) -> Any:
            await asyncio.sleep(60)

        async def close(self) -> None: ...

    guard, wire = guarded(hangs, SOON, store=Stuck()), Wire()
    await guard(scope_of("/", "GET", (b"cookie", b"__Host-session=" + b"A" * 43)), wire.receive, wire.send)
    assert wire.status == 503


async def test_report_only_tells_once_and_waits() -> None:
    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0.2)
        await send(OK)
        await send({"type": "http.response.body", "body": b""})

    wire, guard = await ask(slow, Deadline(handler_s=0.05, body_s=0.05, report_only=True))
    assert wire.status == 200
    assert [f"{event.kind} {event.mode}" for event in guard.plan.events.drain()] == ["deadline.handler report"]


@pytest.mark.parametrize(
    ("path", "status"), [("/long", 200), ("/inner/long", 200), ("/short", 503), ("/endless", 503), ("/inner/short", 503)]
)
async def test_a_route_may_take_longer(path: str, status: int) -> None:
    async def slow(asked: Asked) -> PlainTextResponse:
        await asyncio.sleep(0.15)
        return PlainTextResponse("done")

    @time_limit(handler_s=60)
    async def long(asked: Asked) -> PlainTextResponse:
        return await slow(asked)

    @time_limit(handler_s=0.1)
    async def endless(asked: Asked) -> PlainTextResponse:
        await asyncio.sleep(60)
        return PlainTextResponse("never")

    inner = Mount("/inner", routes=[Route("/long", long), Route("/short", slow)])
    app = Starlette(routes=[Route("/long", long), inner, Route("/short", slow), Route("/endless", endless)])
    assert (await ask(app, path=path))[0].status == status


async def test_one_timer_watches_all_and_stops_when_there_is_nothing_to_watch() -> None:
    loop, over = asyncio.get_running_loop(), asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await over.wait()
        await send(OK)
        await send({"type": "http.response.body", "body": b""})

    inflight = (guard := guarded(slow, *only(Deadline(body_s=0.2))))._inflight
    tasks = [asyncio.create_task(guard(scope_of(), wire.receive, wire.send)) for wire in (Wire() for _ in range(50))]
    await asyncio.sleep(0)
    assert (guard.at_work, inflight._loops) == (50, {loop})
    over.set()
    await asyncio.gather(*tasks)
    assert not guard.at_work
    while inflight._loops:  # noqa: ASYNC110  # a timer of the guard's own, which nobody is told about
        await asyncio.sleep(0.01)
    await guard(scope_of(), Wire().receive, Wire().send)
    assert inflight._loops == {loop}, "the next request starts it again"


def test_without_limits_nothing_is_timed() -> None:
    guard = guarded(hangs, *only())
    assert not guard._inflight.watches
    assert guarded(hangs, *only(Deadline()))._inflight.watches


async def test_two_loops_are_watched_each_by_its_own_timer() -> None:
    guard, over = guarded(hangs, *only(SOON)), asyncio.Event()

    async def stays(scope: Any, receive: Any, send: Any) -> None:
        while not over.is_set():
            try:
                await over.wait()
            except asyncio.CancelledError:
                continue

    def elsewhere() -> int:
        wire = Wire()
        asyncio.run(guard(scope_of(), wire.receive, wire.send))
        return wire.status

    guard.app = stays  # so that this loop's timer still runs when the other loop has come and gone
    wire = Wire()
    here = asyncio.create_task(guard(scope_of(), wire.receive, wire.send))
    await asyncio.sleep(0)
    guard.app = hangs
    assert await asyncio.to_thread(elsewhere) == 503
    again = Wire()
    await guard(scope_of(), again.receive, again.send)
    over.set()
    await here
    assert (wire.status, again.status) == (503, 503)


async def test_a_task_of_a_servers_own_kind_is_left_alone() -> None:
    """granian can run applications in tasks that asyncio does not know how to cancel; they are not timed, and nothing breaks."""

    class Strange:
        def get_loop(self) -> Any:
            raise RuntimeError("Future object is not initialized.")

    inflight = InFlight(guarded(hangs, *only(SOON)).plan)
    for task in (Strange(), None):
        request = request_of()
        inflight.enter(request, scope_of())
        inflight.entries[request] = (task, 0.0, scope_of(), "")  # type: ignore[assignment]  # that is the test
        inflight._look(asyncio.get_running_loop())
        assert request.refusal is None
        assert list(inflight.entries) == [request]
        inflight.entries.clear()


@pytest.mark.parametrize("handler_s", [0, -1, True, "30", None])
def test_a_mark_that_cannot_work(handler_s: Any) -> None:
    with pytest.raises(ConfigError, match="handler_s"):
        time_limit(handler_s=handler_s)
