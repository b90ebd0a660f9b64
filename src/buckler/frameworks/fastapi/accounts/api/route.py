"""A body that is not as it should be is told like everything else, as problem details; what was sent is never sent back: it may be a
password."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from buckler.accounts.problems import AccountError, Problem
from buckler.core.event import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from fastapi import Request, Response

UNFIT = Problem("account.request_unfit", 422, "The request is not as it should be.", "Look at {name}: {what}.")
_MAX_FIELD = 60


class ApiRoute(APIRoute):
    """Of every route of the API."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler of the route."""
        handle = super().get_route_handler()

        async def told(request: Request) -> Response:
            try:
                answer = await handle(request)
            except RequestValidationError as unfit:
                first = unfit.errors()[0]
                field = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
                raise AccountError(UNFIT, field, name=printable(field)[:_MAX_FIELD], what=str(first["msg"])) from None
            answer.headers["cache-control"] = "no-store"
            return answer

        return told
