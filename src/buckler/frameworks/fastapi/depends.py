"""Dependencies that hand a route what the guard knows of its request.

They are coroutine functions although they wait for nothing: FastAPI runs a plain function in a worker thread, which was measured to
cost a request 90 µs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeVar

from buckler.core.marks import mark
from buckler.core.options import need
from buckler.errors import MissingExtraError
from buckler.frameworks.starlette import guarded_request, offered
from buckler.protections.csrf import MARK as CSRF_MARK
from buckler.protections.sessions import Session
from buckler.protections.sessions.registry import Registry

try:
    from fastapi import Depends
    from fastapi.requests import HTTPConnection
except ImportError as missing:
    raise MissingExtraError("buckler.frameworks.fastapi", "fastapi") from missing

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


async def sessions(connection: HTTPConnection) -> Registry:
    """Return the registry of all sessions: `await registry.revoke_all(person)`. A dependency."""
    found: Registry = offered(guarded_request(connection.scope), "sessions")
    return found


async def session(connection: HTTPConnection) -> Session:
    """Return the visitor's session; an empty one, which costs nothing until it is written to, for a new visitor. A dependency."""
    request = guarded_request(connection.scope)
    registry: Registry = offered(request, "sessions")
    return registry.open(request)


SessionDep = Annotated[Session, Depends(session)]
SessionsDep = Annotated[Registry, Depends(sessions)]


async def nonce(connection: HTTPConnection) -> str:
    """Return this response's nonce: `<script nonce="{{ nonce }}">`. A dependency."""
    return guarded_request(connection.scope).nonce


async def csrf_token(connection: HTTPConnection) -> str:
    """Return the value of the form field `csrf_token`, for browsers from before 2020; "" for a visitor without session. A dependency."""
    request = guarded_request(connection.scope)
    make = request.site.offers.get("csrf")
    return str(make(request)) if make else ""


def csrf_exempt(*, because: str) -> Callable[[T], T]:
    """Let other sites' pages call this route in a visitor's name. `because` says why that is right. Put it nearest to the function."""
    need(isinstance(because, str) and because.strip(), "csrf_exempt.because", because, "say in a sentence why it is right here")
    return mark(CSRF_MARK, because)
