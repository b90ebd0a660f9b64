"""An application that says what it is told to, behind a guard with a cache and a clock that is moved by hand."""

from __future__ import annotations

import asyncio
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from buckler import Cache, RateLimit
from buckler.core.clock import HandClock
from buckler.testing import guarded
from tests.asgi import Wire, scope_of
from tests.calm import calm

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from buckler.core.headers import Header

Answer = tuple[int, list["Header"], list[bytes]]


def says(*fields: str, status: int = 200, body: bytes = b"page", pieces: list[bytes] | None = None) -> Answer:
    """Return an answer with header fields as they are written: `says("cache-control: max-age=60")`."""
    headers = [(name.encode("latin-1"), value.strip().encode("latin-1")) for name, _, value in (field.partition(":") for field in fields)]
    return status, headers, pieces if pieces is not None else [body]


class Origin:
    """`answers` are given one after the other, the last one again and again; one that is a function is called with the scope."""

    def __init__(
        self, *answers: Answer | Callable[[Any], Answer | Awaitable[Answer]], options: dict[str, Any] | None = None, **site: Any
    ) -> None:
        self.answers = list(answers)
        self.seen: list[dict[bytes, bytes]] = []
        self.methods: list[str] = []
        self.wire = Wire()
        self.clock = HandClock()
        patient = {"wait_s": 60.0, **(options or {})}
        self.guard = calm(guarded(self.app, Cache(**patient), RateLimit(flood=None), clock=self.clock, **site))

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        self.seen.append({bytes.__getitem__(name, slice(None)): bytes.__getitem__(value, slice(None)) for name, value in scope["headers"]})
        self.methods.append(scope["method"])
        answer: Any = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if callable(answer):
            answer = answer(scope)
            answer = await answer if isawaitable(answer) else answer
        status, headers, pieces = answer
        await send({"type": "http.response.start", "status": status, "headers": list(headers)})
        for index, piece in enumerate(pieces):
            await send({"type": "http.response.body", "body": piece, "more_body": index < len(pieces) - 1})

    async def ask(self, path: str = "/", *fields: str, method: str = "GET", after_s: float = 0.0, **changes: Any) -> Wire:
        """Return what a visitor hears. `fields` are headers as they are written."""
        self.clock.move(after_s)
        raw, _, query = path.partition("?")
        headers = [(name.encode(), value.strip().encode("latin-1")) for name, _, value in (field.partition(":") for field in fields)]
        if method not in {"GET", "HEAD"}:
            headers.append((b"sec-fetch-site", b"same-origin"))
        wire = self.wire = Wire()
        await self.guard(scope_of(raw, method, *headers, **{"query_string": query.encode(), **changes}), wire.receive, wire.send)
        return wire

    async def pause(self) -> None:
        """Let what goes on in the background go on until it is done."""
        await asyncio.sleep(0)
        while self.cache.flights.working:  # noqa: ASYNC110  # nobody is told of it
            await asyncio.sleep(0)

    @property
    def calls(self) -> int:
        """How often the application was asked."""
        return len(self.seen)

    @property
    def cache(self) -> Any:
        return self.guard.plan.cache


def status_of(wire: Wire) -> str:
    """What `Cache-Status` says."""
    return wire.headers.get(b"cache-status", b"").decode()


def is_hit(wire: Wire) -> bool:
    return "; hit" in status_of(wire)
