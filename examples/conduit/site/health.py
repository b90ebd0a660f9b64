"""Whether this worker can do its work, for a load balancer. Its answer comes also while visitors are turned away."""

from fastapi import APIRouter, Request, Response
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from buckler.frameworks.fastapi import vital
from buckler.frameworks.fastapi.accounts import public
from examples.conduit.parts import parts_of

router = APIRouter(dependencies=[public(because="who asks learns that the site works, as every visitor does")])
_NEVER_KEPT = {"Cache-Control": "no-store"}


@router.api_route("/health", methods=["GET", "HEAD"])
@vital
async def health(request: Request) -> Response:
    """Say `ok` when the database answers, else 503. The store is not asked: what each protection does without it is settled."""
    try:
        async with parts_of(request).database.session() as session:
            await session.execute(text("SELECT 1"))
    except (OSError, DBAPIError, NoConnectionError):
        return Response("the database does not answer\n", 503, _NEVER_KEPT, "text/plain")
    return Response("ok\n", 200, _NEVER_KEPT, "text/plain")
