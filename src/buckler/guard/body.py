"""Watches a body while it arrives: its size, its shape, its pace. Requests without a body never come here."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from buckler.core.marks import marks_of
from buckler.protections.bodylimit import TOO_LARGE
from buckler.protections.deadline import TOO_SLOW_BODY

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from buckler.core.request import Request
    from buckler.guard.plan import Plan

_GONE = {"type": "http.disconnect"}


def bounded(plan: Plan, scope: MutableMapping[str, Any], request: Request, receive: Any) -> Any:
    """Return the `receive` that the application gets. When a limit is passed, the application hears that the client is gone, and the
    guard answers in its place."""
    limits = plan.limits
    arrived_bytes = 0
    ends_s = None if limits.body_s is None else asyncio.get_running_loop().time() + limits.body_s

    async def receive_bounded() -> Any:
        nonlocal arrived_bytes, ends_s
        try:
            async with asyncio.timeout_at(ends_s):
                message = await receive()
        except TimeoutError:
            _refuse(request, TOO_SLOW_BODY)
            return _GONE
        if not message.get("more_body"):
            ends_s = None  # the body is complete; the application may still wait for the client to leave
        arrived_bytes += len(message.get("body", b""))
        limit = request.max_body_bytes or limits.max_body_bytes
        if limit is not None and arrived_bytes > limit and arrived_bytes > _own_limit(plan, scope, request):
            _refuse(request, TOO_LARGE)
            return _GONE
        return message

    return receive_bounded


def _own_limit(plan: Plan, scope: MutableMapping[str, Any], request: Request) -> int:
    """The limit that the route's own mark names; 0 when it names none. Looked up only when the general one is passed."""
    value = marks_of(plan.routes.endpoint(scope)).get(TOO_LARGE.mark or "")
    request.max_body_bytes = value if isinstance(value, int) else None
    return request.max_body_bytes or 0


def _refuse(request: Request, what: Any) -> None:
    if not request.started:
        request.refusal = what


async def peek(request: Request, receive: Any) -> Any:
    """Read up to `request.want_body_bytes` of the body into `request.body`; return a `receive` that gives it to the application again."""
    messages: list[Any] = []
    body = bytearray()
    while len(body) <= request.want_body_bytes:
        message = await receive()
        messages.append(message)
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    request.body = bytes(body)
    messages.reverse()

    async def receive_again() -> Any:
        return messages.pop() if messages else await receive()

    return receive_again
