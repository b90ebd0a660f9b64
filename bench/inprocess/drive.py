"""Drives an ASGI application without a server: the same scope that uvicorn makes, and a `send` that does nothing."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

from bench.peers.bare import HEADERS as RESPONSE_HEADERS
from bench.peers.common import BODY
from bench.rows import REQUEST

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from buckler.core.headers import Header

    Scope = dict[str, Any]

CLIENT = "203.0.113.7"
ASKED: tuple[Header, ...] = tuple((name.lower().encode(), value.encode()) for name, value in REQUEST)


def scope(headers: Sequence[Header] = ASKED, *, method: str = "GET", client: str = CLIENT) -> Scope:
    """Return the scope of one request; `dict(…)` of it is another request."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "https",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "root_path": "",
        "headers": list(headers),
        "client": (client, 50_000),
        "server": ("127.0.0.1", 443),
        "state": {},
    }


async def receive() -> Any:
    return {"type": "http.request", "body": b"", "more_body": False}


async def send(message: Any) -> None:
    """Take the message, as a server that costs nothing would."""


class Heard:
    """A `send` that keeps what it was told; for checking, never for measuring."""

    def __init__(self) -> None:
        self.status, self.body = 0, b""
        self.headers: list[Header] = []

    async def __call__(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message["headers"])
        else:
            self.body += message.get("body", b"")


async def status(app: Any, template: Scope) -> int:
    heard = Heard()
    await app(dict(template), receive, heard)
    return heard.status


async def requests(app: Any, template: Scope, count: int) -> float:
    """Make `count` requests and return the seconds that they took."""
    begun_s = perf_counter()
    for _ in range(count):
        await app(dict(template), receive, send)
    return perf_counter() - begun_s


def streaming(chunks: int) -> Callable[..., Any]:
    """Return an application that streams `chunks` small pieces."""
    piece = {"type": "http.response.body", "body": BODY, "more_body": True}

    async def stream(_scope: Any, _receive: Any, say: Any) -> None:
        await say({"type": "http.response.start", "status": 200, "headers": RESPONSE_HEADERS[:1]})
        for _ in range(chunks):
            await say(piece)
        await say({"type": "http.response.body", "body": b""})

    return stream
