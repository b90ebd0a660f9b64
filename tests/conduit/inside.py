"""Conduit in the process of the test: the guarded application, asked without a network."""

from __future__ import annotations

from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
from sqlalchemy import event

from examples.conduit.app import make_app
from examples.conduit.settings import Settings
from tests.calm import calm

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from buckler import Guard
    from examples.conduit.parts import Parts

PASSWORD = "nine green bottles"
PATIENT = {"password_wait_s": 30.0}  # nobody is told that it is busy: the machine may be


@dataclass(frozen=True, slots=True)
class Inside:
    """`client` asks, `parts` is what the application is made of."""

    app: Guard
    parts: Parts
    client: httpx.AsyncClient

    async def ask(self, method: str, path: str, token: str = "", **given: Any) -> httpx.Response:
        """Ask the API, as the owner of `token`."""
        headers = {"authorization": f"Token {token}"} if token else {}
        return await self.client.request(method, f"/api{path}", headers={**headers, **given.pop("headers", {})}, **given)

    async def join(self, name: str) -> str:
        """Register somebody; return the token."""
        person = {"username": name, "email": f"{name}@test.com", "password": PASSWORD}
        answer = await self.ask("POST", "/users", json={"user": person})
        assert answer.status_code == 201, answer.text
        token: str = answer.json()["user"]["token"]
        return token

    async def write(self, token: str, title: str = "On rye", **more: Any) -> str:
        """Write an article; return its slug."""
        article = {"title": title, "description": "d", "body": "b", **more}
        answer = await self.ask("POST", "/articles", token, json={"article": article})
        assert answer.status_code == 201, answer.text
        slug: str = answer.json()["article"]["slug"]
        return slug

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """Record the statements that the database gets meanwhile."""
        seen: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            seen.append(statement)

        event.listen(self.parts.database.engine.sync_engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(self.parts.database.engine.sync_engine, "before_cursor_execute", note)


@asynccontextmanager
async def inside(folder: Path, **given: Any) -> AsyncIterator[Inside]:
    """Start Conduit in `folder`; without demo content, and with hashes that cost nothing, unless `given` says otherwise."""
    options = {"demo_content": False, "insecure_cheap_passwords": True, "insecure_only_report_rate_limits": True, **PATIENT, **given}
    app = calm(make_app(Settings(folder=folder, **options)))
    transport = httpx.ASGITransport(app)
    async with app.app.router.lifespan_context(app.app), httpx.AsyncClient(transport=transport, base_url="https://localhost") as client:
        yield Inside(app, app.app.state.parts, client)
