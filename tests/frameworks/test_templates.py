from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI, Request
from jinja2 import UndefinedError
from starlette.testclient import TestClient

from buckler.frameworks.fastapi import SessionDep  # noqa: TC001  # FastAPI reads annotations at run time
from buckler.frameworks.templates import Templates
from buckler.testing import guarded

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    (tmp_path / "plain.txt").write_text("{{ text }}")
    (tmp_path / "nonce.html").write_text('<script nonce="{{ nonce() }}"></script>{{ nonce() }}')
    (tmp_path / "form.html").write_text("<form>{{ csrf_field() }}</form>")
    templates, app = Templates(tmp_path), FastAPI()

    @app.get("/plain")
    def plain(request: Request) -> Any:
        return templates.page(request, "plain.txt", status=201, text="<b>&")

    @app.get("/missing")
    def missing(request: Request) -> Any:
        return templates.page(request, "plain.txt")

    @app.get("/nonce")
    def with_nonce(request: Request) -> Any:
        return templates.page(request, "nonce.html")

    @app.get("/form")
    def form(request: Request) -> Any:
        return templates.page(request, "form.html")

    @app.get("/form-with-session")
    def form_with_session(request: Request, session: SessionDep) -> Any:
        session["kept"] = 1
        return templates.page(request, "form.html")

    return TestClient(guarded(app), base_url="https://shop.example")


def test_everything_is_escaped_whatever_the_file_is_called(client: TestClient) -> None:
    answer = client.get("/plain")
    assert (answer.status_code, answer.text) == (201, "&lt;b&gt;&amp;")
    assert "script-src 'none'" in answer.headers["content-security-policy"]


def test_a_missing_variable_is_an_error(client: TestClient) -> None:
    with pytest.raises(UndefinedError):
        client.get("/missing")


def test_the_nonce_of_the_page_is_the_nonce_of_the_policy(client: TestClient) -> None:
    answer = client.get("/nonce")
    nonce = answer.text.rpartition(">")[2]
    assert answer.text.count(nonce) == 2
    assert f"'nonce-{nonce}'" in answer.headers["content-security-policy"]


def test_a_form_gets_a_token_where_there_is_a_session(client: TestClient) -> None:
    assert client.get("/form").text == "<form></form>"
    assert 'name="csrf_token"' in client.get("/form-with-session").text
