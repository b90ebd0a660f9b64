"""What every page works with: the visit, the language, the templates, and the ways on from here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from markupsafe import Markup

from buckler.accounts.fresh import NOT_FRESH
from buckler.accounts.mail import MailFolder
from buckler.accounts.passwords import strength
from buckler.accounts.passwords.policy import own_words
from buckler.accounts.tables import MAX_EMAIL
from buckler.core.own_path import own_path
from buckler.frameworks.fastapi.accounts.answer import fields_of, language_of
from buckler.frameworks.fastapi.accounts.depends import NOBODY, VisitDep

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import Response

    from buckler.accounts.problems import AccountError
    from buckler.accounts.visit import Visit
    from buckler.frameworks.fastapi.accounts.pages.form import Form

STATICS = "buckler_account_statics"
_TOLD, _MAILED = "account.told", "account.mailed"
_HEADERS = {"cache-control": "no-store", "vary": "accept-language"}
_FIELD = Markup('<input type="hidden" name="csrf_token" value="{}">')


class Page:
    """One request for a page. `next` is where the visitor wanted to go: a path of this site, or ""."""

    def __init__(self, request: Request, visit: Visit) -> None:
        self.request, self.visit, self.accounts = request, visit, visit.accounts
        self.paths = visit.accounts.paths
        self.language = language_of(request)
        self.next = own_path(request.query_params.get("next", ""), "")

    def show(
        self, name: str, /, *, status: int = 200, error: AccountError | None = None, form: Form | None = None, **values: Any
    ) -> Response:
        """Return the page of the template `pages/{name}.html`. It knows `values`, and besides: `site`, `paths`, `next`, `error`, `given`,
        `told`, `request`, `offered` (providers), `min_chars`, `own(text)`, `static(name)`, `nonce()`, `csrf_field()`, and what the
        renderer adds."""
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
            "min_chars": self.accounts.passwords.min_chars,
            "own": self.own,
            **_guards(self.visit),
        }
        text = self.accounts.renderer.text(f"pages/{name}.html", self.language, **{**common, **values})
        return HTMLResponse(text, status, headers)

    def again(self, name: str, error: AccountError, form: Form, /, **values: Any) -> Response:
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
        asked = urlencode({name: value for name, value in query.items() if value}, safe="/", quote_via=quote)
        return RedirectResponse(f"{path}?{asked}" if asked else path, 303, {"cache-control": "no-store"})

    def tell(self, key: str, **values: str) -> None:
        """Say the text `key` on the next page that is shown."""
        self.visit.session[_TOLD] = {"key": key, "values": values}

    def say(self, key: str, **values: str) -> str:
        """Return a text in the visitor's language."""
        return self.accounts.texts.say(self.language, key, **values)

    def own(self, text: str) -> str:
        """Return what an application says by itself: a text of its `words`, when it is the key of one, else the text as it is."""
        return self.say(text) if text in self.accounts.texts else text

    def score(self, error: AccountError, form: Form, *own: str) -> int | None:
        """Return how strong a refused password is, 0 to 4, for the meter beside it; None when something else was wrong."""
        if error.field != "password" or not form.text("password"):
            return None
        return strength(form.text("password"), own_words([*own, self.accounts.name])).score

    @property
    def mailbox(self) -> str:
        """The path of the page with the letters, in development; else ""."""
        here = self.visit.site.development and isinstance(self.accounts.post, MailFolder)
        return self.paths.mailbox if here else ""

    def mailed(self, email: str) -> None:
        """Remember, for the next page, where a letter went."""
        self.visit.session[_MAILED] = email[:MAX_EMAIL]

    @property
    def mailed_to(self) -> str:
        """Where it went, "" when nobody knows."""
        return str(self.visit.session.get(_MAILED, "")) if self.visit.request.session is not None else ""

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
