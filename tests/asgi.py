"""A hand-driven ASGI conversation: what the server would do, message by message."""

from __future__ import annotations

from typing import Any


class Wire:
    """Records what the guard sends; hands out `incoming` messages."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.incoming: list[dict[str, Any]] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive(self) -> dict[str, Any]:
        return self.incoming.pop(0)

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.sent[0]["headers"])

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent[1:])


def scope_of(path: str = "/", method: str = "GET", *headers: tuple[bytes, bytes], **changes: Any) -> dict[str, Any]:
    """Return an HTTP scope as servers make it."""
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "https",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"shop.example"), *headers],
        "client": ("203.0.113.7", 50_000),
        "server": ("shop.example", 443),
        **changes,
    }
