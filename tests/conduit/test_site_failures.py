"""Failures in the site's own look."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fastapi import HTTPException
from sqlalchemy.exc import IntegrityError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from tests.conduit.site import SCRIPT, Visitor, has, running

if TYPE_CHECKING:
    from pathlib import Path


async def test_failures_have_pages(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as mira, Visitor(guard) as theo:
        await mira.sign_up("mira")
        await theo.sign_up("theo")
        path = await mira.publish()
        editor = path.replace("/article/", "/editor/")
        for missing in ("/nothing", "/article/none", "/profile/none", "/editor/none", "/profile/" + "x" * 41, "/article/a%00b"):
            answer = await theo.get(missing)
            assert answer.status_code in {400, 404}, missing
        page = await theo.get("/nothing")
        has(page.text, "<h1>Page not found</h1>", 'class="navbar"', "theo")
        forbidden = await theo.get(editor)
        assert forbidden.status_code == 403
        has(forbidden.text, "This belongs to somebody else")
        assert (await theo.send_form(editor, title="x", description="y", body="z")).status_code == 403
        assert (await theo.send_form(editor, title="")).status_code == 403
        assert (await theo.send_form(f"{path}/delete")).status_code == 403
        assert (await theo.get(f"{path}/delete")).status_code == 405
        assert (await theo.get(f"{path}/favorite")).status_code == 405
        assert (await theo.get("/?page=0")).status_code == 422
        assert (await theo.get("/?page=x")).status_code == 422
        assert (await mira.get(path)).status_code == 200


async def test_a_broken_database_is_a_page_too(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as visitor:
        (tmp_path / "conduit.db").unlink()
        await guard.app.state.parts.database.close()
        answer = await visitor.get("/")
        assert answer.status_code == 503
        has(answer.text, "The site is busy", 'class="navbar"')
        assert answer.headers["retry-after"] == "3"


@pytest.mark.parametrize(
    ("failure", "status", "title"),
    [
        (ZeroDivisionError("secret detail"), 500, "Something broke on our side"),
        (IntegrityError("secret detail", None, Exception("secret detail")), 409, "Somebody was faster"),
        (NoConnectionError("secret detail"), 503, "The site is busy"),
        (HTTPException(418), 418, "Error 418"),
    ],
)
async def test_what_should_not_happen_has_a_page_that_tells_nothing(tmp_path: Path, failure: Exception, status: int, title: str) -> None:
    def broken() -> None:
        raise failure

    async with running(tmp_path) as guard, Visitor(guard) as visitor:
        guard.app.add_api_route("/broken", broken)
        answer = await visitor.get("/broken")
        assert answer.status_code == status
        has(answer.text, f"<h1>{title}</h1>", 'class="navbar"', "Go to the start page")
        assert "secret" not in answer.text
        for_script = await visitor.get("/broken", headers=SCRIPT)
        assert (for_script.status_code, for_script.json()["title"]) == (status, title)
