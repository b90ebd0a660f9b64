"""What every page works with: the visit, the language, the templates, and the ways on from here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from markupsafe import Markup

from buckler.accounts.fresh import NOT_FRESH
from buckler.accounts.problems import AccountError
from buckler.core.own_path import own_path
from buckler.frameworks.fastapi.accounts.answer import fields_of, language_of
from buckler.frameworks.fastapi.accounts.depends import NOBODY, VisitDep

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import Response

    from buckler.accounts.visit import Visit
    from buckler.frameworks.fastapi.accounts.pages.form import Form

STATICS = "buckler_account_statics"
_TOLD = "account.told"
_HEADERS = {"cache-control": "no-store", "vary": "accept-language"}
_FIELD = Markup('<input type="hidden" name="csrf_token" value="{}">')


class Page:
    """One request for a page. `next` is where the visitor wanted to go: a path of this site, or ""."""

    def __init__(self, request: Request, visit: Visit) -> None:
        self.request, self.visit, self.accounts = request, visit, visit.accounts
        self.paths = visit.accounts.paths
        self.language = language_of(request)
        self.next = own_path(request.query_params.get("next", ""), "")

    def show(self, name: str, *, status: int = 200, error: AccountError | None = None, form: Form | None = None, **values: Any) -> Response:
        """Return the page of the template `pages/{name}.html`. It knows `values`, and besides: `site`, `paths`, `next`, `error`, `given`,
        `told`, `request`, `static(name)`, `nonce()`, `csrf_field()`, and what the renderer adds."""
        headers = dict(_HEADERS)
        if error is not None:
            status = error.problem.status
            headers |= {key.decode(): value.decode() for key, value in fields_of(error)}
        common = {
            "site": self.accounts.name,
            "paths": self.paths,
            "next": self.next or (form.next if form is not None else ""),
            "error": error,
            "given": form.given if form is not None else {},
            "told": self._told(),
            "request": self.request,
            "static": self.request.app.state.__getattr__(STATICS).url,
            "offered": self.accounts.providers,
            **_guards(self.visit),
        }
        text = self.accounts.renderer.text(f"pages/{name}.html", self.language, **{**common, **values})
        return HTMLResponse(text, status, headers)

    def again(self, name: str, error: AccountError, form: Form, **values: Any) -> Response:
        """Return the page once more, with what is wrong and what was typed, secrets left out. Where a proof is missing, the way to it."""
        to = {NOBODY.code: self.paths.sign_in, NOT_FRESH.code: self.paths.confirm}.get(error.problem.code)
        if to is not None:
            return self.go(to, next=self.request.url.path)
        return self.show(name, error=error, form=form, **values)

    def private(self, response: Response) -> Response:
        """Keep the address of this page, which has a token in it, from every other site."""
        response.headers["referrer-policy"] = "no-referrer"
        return response

    def go(self, path: str, **query: str) -> Response:
        """Lead on to a page of this site, which is then asked for by GET."""
        asked = {name: value for name, value in query.items() if value}
        return RedirectResponse(f"{path}?{urlencode(asked, quote_via=quote)}" if asked else path, 303, {"cache-control": "no-store"})

    def tell(self, key: str, **values: str) -> None:
        """Say the text `key` on the next page that is shown."""
        self.visit.session[_TOLD] = {"key": key, "values": values}

    def say(self, key: str, **values: str) -> str:
        """Return a text in the visitor's language."""
        return self.accounts.texts.say(self.language, key, **values)

    def _told(self) -> str:
        if self.visit.request.session is None:
            return ""
        kept = self.visit.session.get(_TOLD)
        if kept is None:
            return ""
        self.visit.session.pop(_TOLD)
        return self.say(kept["key"], **kept["values"])


def _guards(visit: Visit) -> dict[str, Callable[[], str]]:
    """What the guard gives a page: made only when the page asks for it."""
    request = visit.request

    def nonce() -> str:
        return request.nonce

    def csrf_field() -> str:
        make = visit.site.offers.get("csrf")
        token = make(request) if make else ""
        return _FIELD.format(token) if token else Markup()

    return {"nonce": nonce, "csrf_field": csrf_field}


async def page(request: Request, visit: VisitDep) -> Page:
    """Return what a page works with. A dependency."""
    return Page(request, visit)


PageDep = Annotated[Page, Depends(page)]
