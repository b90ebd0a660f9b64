"""The limit: the smallest application sends the guard's constant headers itself, without any check.

No guard can be faster: these bytes cost time on the wire whoever adds them. They are taken from a real guard, so that they are the same.
"""

from __future__ import annotations

from typing import Any

from bench.peers.bare import HEADERS, lifespan
from bench.peers.bare_buckler import guard
from bench.peers.common import BODY, tls_in_front

_ALL = [*HEADERS, *guard.plan.constant]


async def limit(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
        return
    await send({"type": "http.response.start", "status": 200, "headers": _ALL})
    await send({"type": "http.response.body", "body": BODY})


app = tls_in_front(limit)
