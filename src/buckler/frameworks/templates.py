"""Jinja2 as Buckler's pages need it: everything escaped, nothing undefined, the nonce at hand and made only when it is used.

In a template: `<script nonce="{{ nonce() }}" src="…">`, and `{{ csrf_field() }}` inside a form that must also work in browsers
from before 2020 (`{{ csrf_token() }}` is its value alone). Jinja2 was chosen because it is kept, escapes everything when told to,
and is what teams with Starlette know.

Escaping makes text harmless between tags and in quoted attributes. It does not judge addresses: a visitor's text as a whole `href`
may say `javascript:…`, which the policy of `csp` stops and a check of the scheme must forbid. In an unquoted attribute, or inside a
`<script>`, it is not enough; there, `{{ value|tojson }}` is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from buckler.errors import MissingExtraError
from buckler.frameworks.starlette import guarded_request

try:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup
    from starlette.responses import HTMLResponse
except ImportError as missing:
    raise MissingExtraError("buckler.frameworks.templates", "templates") from missing

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import HTTPConnection

_FIELD = Markup('<input type="hidden" name="csrf_token" value="{}">')


class Templates:
    """The templates of a folder. `environment` is Jinja2's own, for filters and globals of the application.

    Every template has `nonce()`, `csrf_token()` and `csrf_field()`; a value of the same name does not take their place.
    """

    def __init__(self, folder: str | Path) -> None:
        self.environment = Environment(
            loader=FileSystemLoader(folder),
            autoescape=True,  # whatever the file is called: a name decides nothing about safety
            undefined=StrictUndefined,  # a misspelt variable is an error, not an empty place
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def page(self, connection: HTTPConnection, name: str, status: int = 200, **values: Any) -> HTMLResponse:
        """Return the rendered template `name`. Raises Jinja2's `UndefinedError` for a variable that `values` lack.

        Asking for the nonce, or for a token, makes the response this visitor's own; a page that asks for neither costs nothing more.
        """
        return HTMLResponse(self.text(connection, name, **values), status_code=status)

    def text(self, connection: HTTPConnection, name: str, **values: Any) -> str:
        """Return the rendered template as text."""
        request = guarded_request(connection.scope)

        def nonce() -> str:
            return request.nonce

        def csrf_token() -> str:
            make = request.site.offers.get("csrf")
            return str(make(request)) if make else ""

        def csrf_field() -> Markup:
            token = csrf_token()
            return _FIELD.format(token) if token else Markup()

        own = {"nonce": nonce, "csrf_token": csrf_token, "csrf_field": csrf_field}
        return self.environment.get_template(name).render({**values, **own})
