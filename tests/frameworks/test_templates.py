from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI, Request
from jinja2 import UndefinedError
from starlette.testclient import TestClient

from buckler.frameworks.fastapi import SessionDep  # noqa: TC001  # FastAPI reads annotations at run time
from buckler.frameworks.templates import Templates
from buckler.testing import guarded, only

if TYPE_CHECKING:
    from pathlib import Path


FILES = {
    "plain.txt": "{{ text }}",
    "nonce.html": '<script nonce="{{ nonce() }}"></script>{{ nonce() }}',
    "form.html": "<form>{{ csrf_field() }}</form>",
    "token.html": '<meta content="{{ csrf_token() }}">',
    "places.html": "<a title=\"{{ text }}\" data-x='{{ text }}'>{{ text }}</a><script>{{ text|tojson }}</script>",
}
VALUES: dict[str, dict[str, Any]] = {
    "plain": {"text": "<b>&"},
    "places": {"text": "\"'<script>1</script>"},
    "shadowed": {"nonce": lambda: "a visitor's"},
}


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    """`/form.html` is the page without values; `?values=` names some; `/with-session/…` has a session."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    templates, app = Templates(tmp_path), FastAPI()

    @app.get("/{name}")
    def page(request: Request, name: str, values: str = "") -> Any:
        return templates.page(request, name, status=201, **VALUES.get(values, {}))

    @app.get("/with-session/{name}")
    def with_session(request: Request, session: SessionDep, name: str) -> Any:
        session["kept"] = 1
        return templates.page(request, name)

    return TestClient(guarded(app), base_url="https://shop.example")


def test_everything_is_escaped_whatever_the_file_is_called(client: TestClient) -> None:
    answer = client.get("/plain.txt?values=plain")
    assert (answer.status_code, answer.text) == (201, "&lt;b&gt;&amp;")
    assert "script-src 'none'" in answer.headers["content-security-policy"]


def test_a_missing_variable_is_an_error(client: TestClient) -> None:
    with pytest.raises(UndefinedError):
        client.get("/plain.txt")


def test_the_nonce_of_the_page_is_the_nonce_of_the_policy(client: TestClient) -> None:
    answer = client.get("/nonce.html")
    nonce = answer.text.rpartition(">")[2]
    assert answer.text.count(nonce) == 2
    assert f"'nonce-{nonce}'" in answer.headers["content-security-policy"]


def test_a_form_gets_a_token_where_there_is_a_session(client: TestClient) -> None:
    assert client.get("/form.html").text == "<form></form>"
    assert 'name="csrf_token"' in client.get("/with-session/form.html").text


def test_the_token_alone_for_scripts_of_the_page(client: TestClient) -> None:
    assert client.get("/token.html").text == '<meta content="">'
    assert len(client.get("/with-session/token.html").text) > len('<meta content="">') + 32


def test_a_visitors_text_leaves_no_place_that_it_is_put_in(client: TestClient) -> None:
    escaped = "&#34;&#39;&lt;script&gt;1&lt;/script&gt;"
    json = r'"\"\u0027\u003cscript\u003e1\u003c/script\u003e"'
    expected = f"<a title=\"{escaped}\" data-x='{escaped}'>{escaped}</a><script>{json}</script>"
    assert client.get("/places.html?values=places").text == expected


def test_no_value_takes_the_place_of_the_nonce(client: TestClient) -> None:
    answer = client.get("/nonce.html?values=shadowed")
    assert "a visitor" not in answer.text
    assert answer.text.rpartition(">")[2] in answer.headers["content-security-policy"]


def test_without_protections_pages_are_rendered_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "form.html").write_text("{{ csrf_field() }}{{ csrf_token() }}{{ nonce()|length }}")
    templates, app = Templates(tmp_path), FastAPI()

    @app.get("/")
    def form(request: Request) -> Any:
        return templates.page(request, "form.html")

    assert TestClient(guarded(app, *only()), base_url="https://shop.example").get("/").text == "22"
    with pytest.raises(RuntimeError, match="wrap the application"):
        TestClient(app).get("/")
