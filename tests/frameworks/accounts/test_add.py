"""What an application says when it adds accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
from fastapi import Depends, FastAPI, Request

from buckler.frameworks.fastapi.accounts import add_accounts
from buckler.testing import guarded
from tests.accounts.stage import stage_at

if TYPE_CHECKING:
    from pathlib import Path

    from tests.accounts.stage import Stage

FRAME = '{% set who = request.state.who %}<p class="frame">{{ who }}</p>{% block main %}{% endblock %}{% block script %}{% endblock %}'


def _client(app: FastAPI, stage: Stage) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(guarded(app, clock=stage.clock, store=stage.store))
    return httpx.AsyncClient(transport=transport, base_url="https://shop.example")


async def who_is_here(request: Request) -> None:
    request.state.who = "Seen before the page"


async def test_what_the_frame_shows_is_there_before_every_page_and_not_before_files(tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "layout.html").write_text(FRAME)
    seen: list[str] = []

    async def note(request: Request) -> None:
        seen.append(request.url.path)

    async with stage_at(tmp_path, folders=[tmp_path]) as stage:
        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        add_accounts(app, stage.accounts, before_pages=[Depends(who_is_here), Depends(note)])
        async with _client(app, stage) as client:
            page = await client.get("/account/sign-in")
            assert '<p class="frame">Seen before the page</p>' in page.text
            await client.get("/account/static/0/account.css")
    assert seen == ["/account/sign-in"]


async def test_pages_and_files_answer_head_as_well(tmp_path: Path) -> None:
    """RFC 9110, section 9.1: a server knows GET and HEAD, always."""
    async with stage_at(tmp_path) as stage:
        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        add_accounts(app, stage.accounts)
        async with _client(app, stage) as client:
            for path in ("/account/sign-in", "/account/sign-up", "/account/static/0/account.css"):
                answer = await client.head(path)
                assert (answer.status_code, answer.content) == (200, b""), path
