"""How an `AccountError` leaves: as the guard's own refusal, so that page, problem details and event have one code; a browser that only
lacks a sign-in is sent to where it gets one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast
from urllib.parse import quote

from fastapi.responses import RedirectResponse, Response

from buckler.accounts.fresh import NOT_FRESH, SECOND_NEEDED
from buckler.core.answer import refusal
from buckler.core.own_path import own_path
from buckler.frameworks.fastapi.accounts.depends import NOBODY, accounts_of
from buckler.frameworks.starlette import guarded_request
from buckler.guard.refuse import STORE_FAILED

if TYPE_CHECKING:
    from fastapi import Request

    from buckler.accounts.problems import AccountError
    from buckler.core.headers import Header

_LEAST_RETRY_S = 1


async def on_account_error(request: Request, error: Exception) -> Response:
    """Answer an `AccountError` that no page has caught."""
    failed = cast("AccountError", error)
    accounts, guarded = accounts_of(request), guarded_request(request.scope)
    paths = accounts.paths
    ways = {NOBODY.code: paths.sign_in, NOT_FRESH.code: paths.confirm, SECOND_NEEDED.code: paths.security}
    to = ways.get(failed.problem.code)
    if to is not None and navigates(request):
        back = _here(request)
        return RedirectResponse(f"{to}?next={quote(back)}" if back else to, 303, {"cache-control": "no-store"})
    title, fix = accounts.texts.problem(language_of(request), failed)
    guarded.refusal = refusal(failed.problem.status, failed.problem.code, title, fix).with_headers(*fields_of(failed))
    return Response(status_code=failed.problem.status)


async def on_store_error(request: Request, _error: Exception) -> Response:
    """Answer a store that did not: what cannot be checked or ended is refused."""
    guarded = guarded_request(request.scope)
    guarded.refusal = STORE_FAILED
    return Response(status_code=STORE_FAILED.status)


def navigates(request: Request) -> bool:
    """Whether this is a person who looks at a page or sends a form, and no program."""
    return request.method in {"GET", "POST"} and "text/html" in request.headers.get("accept", "") and "authorization" not in request.headers


def language_of(request: Request) -> str:
    """Return the language that the browser prefers, of those that there are."""
    return accounts_of(request).texts.negotiate(request.headers.get("accept-language", ""))


def _here(request: Request) -> str:
    """Return the path that the browser is led back to: of the page, or of the page that a form was on; "" when nobody knows it."""
    if request.method != "GET":
        origin = guarded_request(request.scope).origin
        referer = request.headers.get("referer", "")
        return own_path(referer.removeprefix(origin), "") if referer.startswith(origin) else ""
    root: str = request.scope.get("root_path", "")
    path = root + request.scope["path"].removeprefix(root)
    return f"{path}?{request.url.query}" if request.url.query else path


def fields_of(failed: AccountError) -> list[Header]:
    """Return the header fields that its status asks for."""
    fields: list[Header] = []
    if failed.retry_s or failed.problem.status in {429, 503}:
        fields.append((b"retry-after", b"%d" % max(_LEAST_RETRY_S, math.ceil(failed.retry_s))))
    if failed.problem.status == 401:
        fields.append((b"www-authenticate", b"Bearer"))  # RFC 9110, section 11.6.1: a 401 names at least one scheme
    return fields
