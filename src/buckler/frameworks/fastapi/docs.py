"""FastAPI's interactive API docs under the strict policy: everything from this site, scripts by nonce, nothing inline.

FastAPI's own page loads Swagger UI from another host and starts it by an inline script, which `csp` rightly stops. Use this
instead: `app = FastAPI(docs_url=None, redoc_url=None); add_docs(app)`. The files are those of the package fastapi-swagger
(Swagger UI, Apache-2.0). Options of Swagger UI that are plain values are taken from FastAPI's own `swagger_ui_parameters`.

What it does not do: signing in by OAuth2 through another site's page, whose way back needs a page with an inline script of Swagger
UI's own. Keys and passwords that are typed into "Authorize" work.
"""

from __future__ import annotations

import hashlib
import html
import json
from importlib import resources
from typing import TYPE_CHECKING, Any

from buckler.core.options import need
from buckler.errors import ConfigError, MissingExtraError
from buckler.frameworks.starlette import guarded_request, use_policy
from buckler.protections.csp import CSP
from buckler.protections.csp.sources import SELF

try:
    from fastapi import FastAPI, Request, Response
    from fastapi.responses import HTMLResponse
    from starlette.routing import Route

    _FILES = resources.files("fastapi_swagger") / "resources"
except ImportError as missing:
    raise MissingExtraError("buckler.frameworks.fastapi.docs", "docs") from missing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Swagger UI draws its icons from `data:` images and sizes its boxes by style attributes. This page alone may have both.
_POLICY = CSP(img_src=[SELF, "data:"], style_src=[SELF], insecure_inline_styles=True)
_START = (
    b'const at = document.getElementById("swagger-ui");\n'
    b'const given = {deepLinking: true, ...JSON.parse(at.dataset.options), layout: "BaseLayout", validatorUrl: null};\n'
    b'SwaggerUIBundle({...given, url: at.dataset.url, dom_id: "#swagger-ui"});\n'
)
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · API</title>
<link rel="stylesheet" href="{path}/{css}">
<link rel="icon" href="data:,">
</head>
<body>
<main id="swagger-ui" data-url="{openapi}" data-options="{options}">
<noscript>These docs need JavaScript. The same facts as data: <a href="{openapi}">{openapi}</a></noscript>
</main>
<script nonce="{nonce}" src="{path}/{bundle}"></script>
<script nonce="{nonce}" src="{path}/{start}"></script>
</body>
</html>
"""


def add_docs(app: FastAPI, path: str = "/docs", *, dependencies: Sequence[Any] = ()) -> None:
    """Serve the interactive docs of `app` at `path`, to everybody who may call it (ASVS 5.0 V13.4.5: only where that is meant).

    `dependencies` hold for the page, its files and the description, as `[requires("docs:read")]` or `[public(because=…)]`.
    Raises `ConfigError` where FastAPI serves a page of its own, which would come first, or no description to show. The files, 1.9 MB,
    are read once and kept.
    """
    need(app.docs_url is None, "FastAPI.docs_url", app.docs_url, "make the application with docs_url=None: this page takes its place")
    need(app.openapi_url, "FastAPI.openapi_url", app.openapi_url, "leave it at its default: the docs show what is there")
    need(path.startswith("/") and path != "/" and not path.endswith("/"), "add_docs.path", path, "give a path such as /docs")
    options = _options(app)
    files = _files()
    names = {name.partition(".")[0]: name for name in files}

    async def page(request: Request) -> Response:
        use_policy(request, _POLICY)
        base = request.scope.get("root_path", "")
        text = _PAGE.format(
            title=html.escape(app.title),
            path=html.escape(base + path),
            openapi=html.escape(f"{base}{app.openapi_url}"),
            options=html.escape(options),
            nonce=guarded_request(request.scope).nonce,
            css=names["swagger-ui"],
            bundle=names["swagger-ui-bundle"],
            start=names["start"],
        )
        return HTMLResponse(text)

    async def file(name: str) -> Response:
        found = files.get(name)
        if found is None:
            return Response(status_code=404)
        body, kind = found
        return Response(body, media_type=kind, headers={"cache-control": "public, max-age=31536000, immutable"})

    kept: dict[str, Any] = {"include_in_schema": False, "dependencies": list(dependencies)}
    app.add_api_route(path, page, **kept)
    app.add_api_route(path + "/{name}", file, **kept)
    _ask_for_the_description_too(app, kept)


def _ask_for_the_description_too(app: FastAPI, kept: dict[str, Any]) -> None:
    """FastAPI's own route for it knows no dependencies: one that does takes its place."""
    if not kept["dependencies"]:
        return
    own = next(route for route in app.router.routes if isinstance(route, Route) and route.path == app.openapi_url)
    app.router.routes.remove(own)
    app.add_api_route(own.path, own.endpoint, **kept)


def _options(app: FastAPI) -> str:
    """Swagger UI's options as JSON. Raises `ConfigError` for what is no plain value, such as a function's text."""
    given = app.swagger_ui_parameters or {}
    try:
        return json.dumps(given)
    except TypeError as odd:
        raise ConfigError("FastAPI.swagger_ui_parameters", given, "give plain values: texts, numbers, true, false, lists") from odd


def _files() -> Mapping[str, tuple[bytes, str]]:
    """Return name → (content, type). The name carries the content's hash, so that it may be kept for ever."""
    css, script = (_FILES / "swagger-ui.css").read_bytes(), (_FILES / "swagger-ui-bundle.js").read_bytes()
    kinds = {
        "swagger-ui.css": (css, "text/css"),
        "swagger-ui-bundle.js": (script, "text/javascript"),
        "start.js": (_START, "text/javascript"),
    }
    return {_hashed(name, body): (body, kind) for name, (body, kind) in kinds.items()}


def _hashed(name: str, body: bytes) -> str:
    stem, _, ending = name.rpartition(".")
    return f"{stem}.{hashlib.sha256(body).hexdigest()[:12]}.{ending}"
