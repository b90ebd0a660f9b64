"""FastAPI's interactive docs without a browser; tests/browser/test_docs_page.py has the real one."""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys
from typing import Any

import pytest
from fastapi import Depends, FastAPI, HTTPException
from starlette.testclient import TestClient

from buckler.errors import ConfigError
from buckler.frameworks.fastapi.docs import add_docs
from buckler.guard import off
from buckler.protections.csp import CSP
from buckler.testing import guarded

_NO_DOCS: dict[str, Any] = {"docs_url": None, "redoc_url": None}


def _client(app: FastAPI, *changes: Any, **options: Any) -> TestClient:
    return TestClient(guarded(app, *changes), base_url="https://shop.example", **options)


def _app(path: str = "/docs", **options: Any) -> FastAPI:
    app = FastAPI(title='Shop "<b>', **_NO_DOCS, **options)
    add_docs(app, path)
    return app


def _directives(policy: str) -> dict[str, str]:
    return {part.split()[0]: " ".join(part.split()[1:]) for part in policy.split("; ")}


def test_the_page_needs_nothing_from_elsewhere_and_nothing_unsafe_for_scripts() -> None:
    client = _client(_app())
    answer = client.get("/docs")
    policy = _directives(answer.headers["content-security-policy"])
    nonces = set(re.findall(r'nonce="([^"]+)"', answer.text))
    assert len(nonces) == 1
    assert policy["script-src"] == f"'nonce-{nonces.pop()}' 'strict-dynamic'"
    assert policy["style-src"] == "'self' 'unsafe-inline'"
    assert policy["img-src"] == "'self' data:"
    assert policy["default-src"] == policy["object-src"] == policy["base-uri"] == "'none'"
    assert "//" not in "".join(re.findall(r'(?:src|href)="([^"]+)"', answer.text))
    assert "<title>Shop &quot;&lt;b&gt;" in answer.text


def test_only_this_page_has_that_policy() -> None:
    app = _app()

    @app.get("/thing")
    def thing() -> None: ...

    client = _client(app)
    for path in ("/thing", "/openapi.json"):
        assert "unsafe" not in client.get(path).headers["content-security-policy"]


def test_the_files_may_be_kept_for_ever_and_are_what_they_say() -> None:
    client = _client(_app())
    found = re.findall(r'(?:src|href)="(/docs/[^"]+)"', client.get("/docs").text)
    assert len(found) == 3
    for path in found:
        answer = client.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/css" if path.endswith(".css") else "text/javascript")
        assert "immutable" in answer.headers["cache-control"]
        assert re.search(r"\.[0-9a-f]{12}\.(?:css|js)$", path)
    assert client.get("/docs/other.js").status_code == 404


def test_reports_go_where_the_site_takes_them() -> None:
    policy = _client(_app(), CSP(reports="/told")).get("/docs").headers["content-security-policy"]
    assert _directives(policy)["report-uri"] == "/told"
    assert "report" not in _client(_app(), CSP(reports=None)).get("/docs").headers["content-security-policy"]


def test_without_the_protection_the_page_is_served_all_the_same() -> None:
    answer = _client(_app(), off(CSP, because="another layer sends it")).get("/docs")
    assert answer.status_code == 200
    assert "content-security-policy" not in answer.headers


def test_under_a_prefix_every_address_has_it() -> None:
    text = _client(_app(), root_path="/shop").get("/docs").text
    addresses = re.findall(r'(?:src|href|data-url)="(/[^"]+)"', text)
    assert len(addresses) == 5
    assert all(address.startswith("/shop/") for address in addresses)


def test_options_of_swagger_ui_are_taken_over() -> None:
    text = _client(_app(swagger_ui_parameters={"filter": '"<'})).get("/docs").text
    found = re.search(r'data-options="([^"]*)"', text)
    assert found is not None
    assert json.loads(html.unescape(found[1])) == {"filter": '"<'}


@pytest.mark.parametrize(
    ("missing", "module", "extra"),
    [("fastapi_swagger", "buckler.frameworks.fastapi.docs", "docs"), ("jinja2", "buckler.frameworks.templates", "templates")],
)
def test_a_missing_library_is_named_by_its_extra(missing: str, module: str, extra: str) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None; import {module}"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert f'run `pip install "buckler[{extra}]"`' in ended.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("options", "path", "message"),
    [
        ({"docs_url": "/docs"}, "/docs", "docs_url=None"),
        ({"docs_url": None, "openapi_url": None}, "/docs", "leave it at its default"),
        ({"docs_url": None}, "docs", "give a path"),
        ({"docs_url": None}, "/", "give a path"),
        ({"docs_url": None}, "/docs/", "give a path"),
        ({"docs_url": None, "swagger_ui_parameters": {"sort": print}}, "/docs", "plain values"),
    ],
)
def test_what_cannot_work_is_refused(options: dict[str, Any], path: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        add_docs(FastAPI(**options), path)


def test_docs_can_be_for_some_people_alone() -> None:
    """ASVS 5.0 V13.4.5: the page, its files and the description ask the same."""

    async def nobody() -> None:
        raise HTTPException(403)

    app = FastAPI(**_NO_DOCS)
    add_docs(app, dependencies=[Depends(nobody)])
    client = _client(app)
    files = re.findall(r'(?:src|href)="(/docs/[^"]+)"', _client(_app()).get("/docs").text)
    assert files
    for path in ("/docs", "/openapi.json", *files):
        assert client.get(path).status_code == 403, path


def test_the_description_says_where_it_is_mounted() -> None:
    async def everybody() -> None: ...

    inner, outer = FastAPI(**_NO_DOCS), FastAPI(**_NO_DOCS)
    add_docs(inner, dependencies=[Depends(everybody)])
    outer.mount("/api", inner)
    assert _client(outer).get("/api/openapi.json").json()["servers"] == [{"url": "/api"}]
