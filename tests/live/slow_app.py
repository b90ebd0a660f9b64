"""An application with two places at work, for clients that are slow, and what its guard says of the load. Work lasts until `/end`."""

from __future__ import annotations

import asyncio
from typing import Any

from buckler import Overload, off
from buckler.core.clock import SystemClock
from buckler.protections import DEFAULTS
from buckler.testing import guarded

_PIECE = b"a" * 65_536
_PIECES = 500
PLACES, PER_CLIENT = 2, 12
_NEVER_LATE_S = 3600.0  # nobody is turned away because the machine has other things to do
_over = asyncio.Event()


async def _application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        answer = {"lifespan": "lifespan.startup.complete", "websocket": "websocket.accept"}[scope["type"]]
        await receive()
        await send({"type": answer})
        await receive()
        if scope["type"] == "lifespan":
            await send({"type": "lifespan.shutdown.complete"})
        return
    if scope["path"] == "/upload":
        while (await receive()).get("more_body"):
            pass
    if scope["path"] == "/works":
        await _over.wait()
    load = scope["buckler"].site.offers["overload"].state
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    if scope["path"] == "/large":
        for _ in range(_PIECES):
            await send({"type": "http.response.body", "body": _PIECE, "more_body": True})
    await send({"type": "http.response.body", "body": f"working={load.working} clients={load.clients}".encode()})


_ONE = Overload(least=PLACES, start=PLACES, most=PLACES, per_client=PER_CLIENT, anonymous_share=0.0, noticed_s=_NEVER_LATE_S)
_OTHERS = [off(kind, because="another protection is under test") for kind in DEFAULTS if kind is not Overload]
_guard = guarded(_application, _ONE, *_OTHERS, clock=SystemClock(), hosts=["shop.example"])


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Behind the guard is everything but `/end`, for which there would be no place."""
    if scope["type"] != "http" or scope["path"] != "/end":
        await _guard(scope, receive, send)
        return
    _over.set()  # for who is at work now
    _over.clear()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})
