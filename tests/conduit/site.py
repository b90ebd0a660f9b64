"""A visitor of Conduit's site in this process: an honest browser's headers, its cookies, no JavaScript."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx

from examples.conduit.app import make_app
from examples.conduit.settings import Settings
from tests.calm import calm
from tests.conduit.inside import PATIENT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from buckler import Guard
    from buckler.accounts.mail.folder import Received

PASSWORD = "nine green bottles"
_BROWSER = {"accept": "text/html", "sec-fetch-site": "same-origin", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
SCRIPT = {"accept": "application/json", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty"}


@asynccontextmanager
async def running(folder: Path, **settings: Any) -> AsyncIterator[Guard]:
    """Run Conduit in `folder`, with cheap passwords, without the demo content and without rate limits unless `settings` say else."""
    chosen = {"demo_content": False, "insecure_cheap_passwords": True, "insecure_only_report_rate_limits": True, **PATIENT, **settings}
    guard = calm(make_app(Settings(folder=folder, **chosen)))
    async with guard.app.router.lifespan_context(guard.app):
        yield guard


async def letters(guard: Guard) -> list[Received]:
    """Return what was sent, the newest first."""
    accounts = guard.app.state.parts.accounts
    await accounts.outbox.drain(60)
    found: list[Received] = await accounts.post.read()
    return found


class Visitor(httpx.AsyncClient):
    """`post` sends a form; neither follows redirects."""

    def __init__(self, guard: Guard, address: str = "127.0.0.1") -> None:
        self.guard = guard
        transport = httpx.ASGITransport(guard, raise_app_exceptions=False, client=(address, 50_000))
        super().__init__(transport=transport, base_url="https://localhost", headers=_BROWSER)

    async def send_form(self, path: str, headers: dict[str, str] | None = None, /, **fields: str | list[str]) -> httpx.Response:
        return await self.post(path, data=fields, headers=headers or {})

    async def sign_up(self, name: str) -> Visitor:
        """Sign up as a person does: the form, the letter, the button behind its link."""
        answer = await self.send_form("/register", username=name, email=f"{name}@conduit.example", password=PASSWORD)
        assert (answer.status_code, answer.headers["location"]) == (303, "/register/sent"), answer.text
        answer = await self.open_link(f"{name}@conduit.example")
        assert (answer.status_code, answer.headers["location"]) == (303, "/"), answer.text
        return self

    async def open_link(self, email: str, **fields: str) -> httpx.Response:
        """Open the link in the newest letter to `email`, and press the button."""
        letter = next(letter for letter in await letters(self.guard) if letter.to == email)
        page = await self.get(letter.links[0])
        token = re.search(r'name="token" value="([^"]+)"', page.text)
        assert token is not None, page.text
        return await self.send_form(page.url.path, token=token[1], **fields)

    async def sign_in(self, name: str, password: str = PASSWORD, **more: str) -> httpx.Response:
        return await self.send_form("/login", email=f"{name}@conduit.example", password=password, **more)

    async def publish(self, title: str = "A title", **fields: str | list[str]) -> str:
        """Write an article; return its path."""
        given = {"title": title, "description": "What it is about", "body": "A text.", **fields}
        answer = await self.send_form("/editor", **given)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]


def has(page: str, *parts: str) -> None:
    for part in parts:
        assert part in page, part
