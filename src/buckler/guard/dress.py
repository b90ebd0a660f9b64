"""Dresses the response head once, then gets out of the way: later chunks go straight to the server's `send`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from buckler.core.protection import Head
from buckler.guard.refuse import event_of, render

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from buckler.core.headers import Header
    from buckler.core.request import Request
    from buckler.core.store import Op
    from buckler.guard.plan import Plan



def dressing(plan: Plan, request: Request, send: Any) -> Any:
    """Return the `send` that the application gets. It is not a coroutine function: it hands back the server's own awaitable, so
    that neither the head nor a streamed chunk costs a coroutine of ours."""

    def send_dressed(message: Any) -> Awaitable[None]:
        if request.started:
            # A refusal has already answered in the application's place: what it still says goes nowhere.
            return send(message) if request.refusal is None else _nothing()  # type: ignore[no-any-return]  # ASGI is untyped
        if message["type"] != "http.response.start":
            return send(message)  # type: ignore[no-any-return]
        request.started = True
        if request.refusal is not None:
            return _refuse(plan, request, send)
        headers = message.get("headers") or ()
        seen = dict(headers)
        if request.touched or not plan.watched.isdisjoint(seen) or not b"".join(seen).islower():
            return _dress_exactly(plan, request, message, send)
        message["headers"] = [*headers, *plan.constant]
        return send(message)  # type: ignore[no-any-return]

    return send_dressed


async def _nothing() -> None:
    return


async def _refuse(plan: Plan, request: Request, send: Any) -> None:
    what = request.refusal
    if what is None:  # pragma: no cover  # the caller has looked
        return
    plan.events.append(event_of(what, request, plan.clock.now()))
    head, body = render(plan, request, what)
    await send({"type": "http.response.start", "status": what.status, "headers": head})
    await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else body})


async def _dress_exactly(plan: Plan, request: Request, message: Any, send: Any) -> None:
    """The exact way: every dresser edits the head; a constant header that the application set itself is left as it set it."""
    head = Head(message["status"], [(name.lower(), value) for name, value in message.get("headers") or ()])
    for dress in plan.dressers:
        dress(request, head)
    present = {name for name, _ in head.headers}
    constant: list[Header] = [item for item in plan.constant if item[0] not in present]
    message["headers"] = [*head.headers, *constant, *request.extra_headers]
    message["status"] = head.status
    if request.touched and plan.settles:
        await _settle(plan, request)
    await send(message)


async def _settle(plan: Plan, request: Request) -> None:
    """Save before the head leaves, in one round trip, so that the visitor's next request finds what this one did."""
    ops: list[Op] = []
    for settle in plan.settles:
        ops += settle(request) or ()
    if ops:
        await plan.site.store.batch(ops)
