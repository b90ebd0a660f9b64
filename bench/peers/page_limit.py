"""The limit: the smallest application sends the bytes of Buckler's hit, head and body, from memory and without any check.

They are taken from a real hit, so that both have the same to send.
"""

from __future__ import annotations

import asyncio
from typing import Any

from bench.peers.bare import lifespan
from bench.peers.common import HOST, tls_in_front
from bench.peers.page_buckler import app as kept


async def _hit() -> list[dict[str, Any]]:
    scope = {
        "type": "http", "http_version": "1.1", "method": "GET", "scheme": "https", "path": "/", "raw_path": b"/", "query_string": b"",
        "headers": [(b"host", HOST.encode())], "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 1), "root_path": "",
        "asgi": {"version": "3.0"},
    }  # fmt: skip
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    for _ in range(2):
        sent.clear()
        await kept(dict(scope), receive, send)
    return sent


_START, _BODY = asyncio.run(_hit())


async def limit(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
        return
    await send({"type": "http.response.start", "status": 200, "headers": _START["headers"]})
    await send({"type": "http.response.body", "body": _BODY["body"]})


app = tls_in_front(limit)
