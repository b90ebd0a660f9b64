"""Dresses the response head once, then gets out of the way: later chunks go straight to the server's `send`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from buckler.core.protection import Head
from buckler.errors import StoreError
from buckler.guard.refuse import STORE_FAILED, record, render

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from buckler.core.answer import Refusal
    from buckler.core.request import Request
    from buckler.core.store import Op
    from buckler.guard.plan import Plan

_MAX_SHAPES = 1024  # sets of header names that are known to need nothing but the constant headers


def dresser(plan: Plan) -> Callable[[Request, Any], Any]:
    """Return the function that wraps one request's `send`.

    What it returns is not a coroutine function: it hands back the server's own awaitable, so that neither the head nor a
    streamed chunk costs a coroutine of ours. A head whose names are already known as plain costs one join and one look-up.
    """
    constant = plan.constant
    watched = plan.watched
    headed = plan.headed
    plain: set[bytes] = set()

    def dressing(request: Request, send: Any) -> Any:
        def send_dressed(message: Any) -> Awaitable[None]:
            if request.started:
                # A refusal has already answered in the application's place: what it still says goes nowhere.
                return send(message) if request.refusal is None and request.turn is None else _after_head(request, message, send)
            if message["type"] != "http.response.start":
                return send(message) if request.turn is None else _after_head(request, message, send)  # its head waits for it
            request.started = True
            for tell in headed:
                tell(request)
            if request.refusal is not None:
                return refuse_instead(plan, request, request.refusal, send)
            given = message.get("headers", ())  # ASGI allows any iterable, also one that can be read only once
            headers = message["headers"] = given if given.__class__ is list else list(given)
            shape = b",".join(dict(headers))
            if request.touched or request.turn is not None or (shape not in plain and not _is_plain(shape, watched, plain)):
                return _dress_exactly(plan, request, message, send)
            message["headers"] = [*headers, *constant]
            return send(message)  # type: ignore[no-any-return]  # ASGI is untyped

        return send_dressed

    return dressing


def _is_plain(shape: bytes, watched: frozenset[bytes], plain: set[bytes]) -> bool:
    """Whether no header of these names is watched or constant. Names that are not lower-case are always looked at one by one."""
    if shape != shape.lower() or not watched.isdisjoint(shape.split(b",")):
        return False
    if len(plain) < _MAX_SHAPES:
        plain.add(shape)
    return True


def _after_head(request: Request, message: Any, send: Any) -> Awaitable[None]:
    return _nothing() if request.refusal is not None else request.turn.more(request, message, send)


def _dress_exactly(plan: Plan, request: Request, message: Any, send: Any) -> Awaitable[None]:
    """Hand the head to the cache where this answer is to be kept: it waits there for its body. Else it leaves as the dressers want it."""
    if plan.cache is not None and plan.cache.takes(request, message):
        return _nothing()
    return send_exactly(plan, request, message, send)


async def _nothing() -> None:
    return


async def refuse_instead(plan: Plan, request: Request, what: Refusal, send: Any) -> None:
    """Send a refusal that was found after routing, in place of what the application says."""
    record(plan, request, what)
    head, body = render(plan, request, what)
    await send({"type": "http.response.start", "status": what.status, "headers": head})
    await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else body})


async def send_exactly(plan: Plan, request: Request, message: Any, send: Any) -> None:
    """Every dresser edits the head; a constant header that the application set itself is left as it set it."""
    head = Head(message["status"], [(name.lower(), value) for name, value in message.get("headers") or ()])
    for dress in plan.dressers:
        dress(request, head)
    present = {name for name, _ in head.headers}
    message["headers"] = [*head.headers, *(item for item in plan.constant if item[0] not in present), *request.extra_headers]
    message["status"] = head.status
    if request.touched and plan.settles:
        await _settle(plan, request)
        if request.refusal is not None:
            await refuse_instead(plan, request, request.refusal, send)
            return
    await send(message)


async def _settle(plan: Plan, request: Request) -> None:
    """Save before the head leaves, in one round trip, so that the visitor's next request finds what this one did. What cannot be saved
    is refused in place of an answer that would promise it."""
    ops: list[Op] = []
    for settle in plan.settles:
        ops += settle(request) or ()
    if ops and request.refusal is None:
        try:
            await plan.site.store.batch(ops)
        except StoreError:
            request.refusal = STORE_FAILED
