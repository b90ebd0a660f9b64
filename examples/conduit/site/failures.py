"""Every failure as a page in the site's own look, or as JSON for our own script."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, cast

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from starlette.exceptions import HTTPException

from buckler.frameworks.fastapi import session
from examples.conduit.errors import TOO_BUSY, ConduitError
from examples.conduit.site.forms import FormError
from examples.conduit.site.render import problem_lines, renderer_of
from examples.conduit.site.visit import viewer_by_session, wants_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastapi import FastAPI, Request, Response

_log = logging.getLogger(__name__)
_RETRY_S = "3"
_TEXTS = {
    400: ("The request cannot be read", "Go back, load the page again, and try once more."),
    403: ("This belongs to somebody else", "Only its author can change it, and only its author or a moderator can delete it."),
    404: ("Page not found", "It may have been moved or deleted, or the address has a typing mistake."),
    405: ("That does not work here", "This address answers another kind of request."),
    409: ("Somebody was faster", "Look at it again, and repeat what you did."),
    422: ("Something in the address is not right", "Go back, and try once more."),
    500: ("Something broke on our side", "The error has been recorded. Try again later."),
    503: ("The site is busy", "Try again in a few seconds."),
}


def on_failure(app: FastAPI) -> None:
    """Register how each kind of failure is answered."""
    app.add_exception_handler(ConduitError, _conduit)
    app.add_exception_handler(FormError, _form)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(IntegrityError, _conflict)
    app.add_exception_handler(DBAPIError, _database)
    app.add_exception_handler(NoConnectionError, _database)
    app.add_exception_handler(Exception, _broken)


async def failure_page(request: Request, status: int, messages: Sequence[str] = (), headers: Mapping[str, str] | None = None) -> Response:
    """Return the page, or the JSON, for a failure."""
    title, advice = _TEXTS.get(status, (f"Error {status}", "Try again later."))
    if wants_json(request):
        return JSONResponse({"title": title, "detail": advice, **({"messages": list(messages)} if messages else {})}, status, headers)
    viewer = None
    if status < 500:  # the database answers, and whoever is signed in sees their own menu
        viewer = await viewer_by_session(request, (await session(request)).person)
    page = renderer_of(request).page(request, "failure.html", status=status, viewer=viewer, code=status, title=title, advice=advice)
    page.headers.update(headers or {})
    return page


async def _conduit(request: Request, failure: Exception) -> Response:
    known = cast("ConduitError", failure)
    headers = {"Retry-After": _RETRY_S} if known.status == 503 else None
    return await failure_page(request, known.status, problem_lines(known.errors) if known.status == 422 else (), headers)


async def _form(request: Request, failure: Exception) -> Response:
    known = cast("FormError", failure)
    return await failure_page(request, known.status, problem_lines(known.errors))


async def _invalid(request: Request, failure: Exception) -> Response:
    """A path that cannot name anything is not found; the rest of an address is told to be wrong."""
    in_path = any(error["loc"][0] == "path" for error in cast("RequestValidationError", failure).errors())
    return await failure_page(request, 404 if in_path else 422)


async def _http(request: Request, failure: Exception) -> Response:
    known = cast("HTTPException", failure)
    return await failure_page(request, known.status_code, headers=known.headers)


async def _conflict(request: Request, _failure: Exception) -> Response:
    """Two requests met: one of them removed or made what the other one needed."""
    return await failure_page(request, 409)


async def _database(request: Request, failure: Exception) -> Response:
    _log.error("database failed", exc_info=failure)
    return await failure_page(request, TOO_BUSY[0], headers={"Retry-After": _RETRY_S})


async def _broken(request: Request, _failure: Exception) -> Response:
    """The framework raises the failure again after this answer, so the server logs it."""
    return await failure_page(request, 500)
