"""Every failure leaves as {"errors": {field: [what is wrong]}}."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, Any, cast

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from starlette.exceptions import HTTPException

from buckler.accounts import AccountError
from examples.conduit.answers import ErrorsAnswer
from examples.conduit.errors import TOO_BUSY, ConduitError, errors_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI, Request

_RETRY_S = "3"
# What the contract has words of its own for, by Buckler's code.
_CONTRACT = {
    "account.credentials_wrong": ("credentials", "invalid"),
    "account.email_taken": ("email", "has already been taken"),
    "account.sign_in_needed": ("token", "is missing"),
    "account.token_invalid": ("token", "is invalid"),
    "conduit.username_taken": ("username", "has already been taken"),
}
_log = logging.getLogger(__name__)


def on_failure(api: FastAPI) -> None:
    """Register how each kind of failure is answered."""
    api.add_exception_handler(ConduitError, _conduit)
    api.add_exception_handler(AccountError, _account)
    api.add_exception_handler(RequestValidationError, _invalid)
    api.add_exception_handler(HTTPException, _http)
    api.add_exception_handler(DBAPIError, _database)
    api.add_exception_handler(NoConnectionError, _database)
    api.add_exception_handler(Exception, _broken)


def says(*codes: int) -> dict[int | str, dict[str, Any]]:
    """Return what the API's description says of failures with these status codes."""
    return {code: {"model": ErrorsAnswer} for code in codes}


def say(status: int, errors: Mapping[str, list[str]], headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return the answer for a failure."""
    added = {401: {"WWW-Authenticate": 'Token realm="conduit"'}, 503: {"Retry-After": _RETRY_S}}.get(status, {})
    return JSONResponse({"errors": errors}, status, {**added, **(headers or {})})


async def _conduit(_request: Request, failure: Exception) -> JSONResponse:
    known = cast("ConduitError", failure)
    return say(known.status, known.errors)


async def _account(request: Request, failure: Exception) -> JSONResponse:
    """What Buckler refuses. A header that is there, but is no token, is not "missing"."""
    known = cast("AccountError", failure)
    code = known.problem.code
    if code == "account.sign_in_needed" and "authorization" in request.headers:
        code = "account.token_invalid"
    field, message = _CONTRACT.get(code, (known.field or "account", f"{known.title} {known.fix}"))
    headers = {"Retry-After": str(max(1, math.ceil(known.retry_s)))} if known.retry_s else None
    return say(known.problem.status, {field: [message]}, headers)


async def _invalid(_request: Request, failure: Exception) -> JSONResponse:
    return say(422, errors_of(cast("RequestValidationError", failure).errors()))


async def _http(_request: Request, failure: Exception) -> JSONResponse:
    """What the framework itself says: no such path, no such method, a body that is not JSON."""
    known = cast("HTTPException", failure)
    fields = {404: "path", 405: "method", 400: "body"}
    return say(known.status_code, {fields.get(known.status_code, "request"): [str(known.detail).lower()]}, known.headers)


async def _database(_request: Request, failure: Exception) -> JSONResponse:
    """The database did not answer in time. Anything else that it says is a mistake of ours, and is logged as one."""
    _log.error("database failed", exc_info=failure)
    status, field, message = TOO_BUSY
    return say(status, {field: [message]})


async def _broken(_request: Request, _failure: Exception) -> JSONResponse:
    """A mistake of ours. The server logs it; the caller learns nothing of it."""
    return say(500, {"server": ["failed"]})
