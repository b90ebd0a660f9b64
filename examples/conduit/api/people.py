"""Who asks: dependencies that turn `Authorization: Token …` into a user."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from fastapi.security import APIKeyHeader

from examples.conduit import tokens
from examples.conduit.errors import ConduitError
from examples.conduit.models import User
from examples.conduit.parts import Db

_header = APIKeyHeader(name="Authorization", scheme_name="Token", auto_error=False, description="`Token …`, as sign-in returns it")


@dataclass(frozen=True, slots=True)
class Caller:
    """A user, and the token that they showed."""

    user: User
    token: str


async def any_caller(session: Db, header: Annotated[str | None, Depends(_header)]) -> Caller | None:
    """Return who asks, or None for nobody. Raises 401 for a token that is not valid: nobody falls back to being a stranger unnoticed."""
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    user = await tokens.owner(session, token.strip()) if scheme.lower() in {"token", "bearer"} else None
    if user is None:
        raise ConduitError(401, "token", "is invalid")
    return Caller(user, token.strip())


MaybeCaller = Annotated[Caller | None, Depends(any_caller)]


async def known_caller(caller: MaybeCaller) -> Caller:
    """Return who asks. Raises 401 for nobody."""
    if caller is None:
        raise ConduitError(401, "token", "is missing")
    return caller


async def viewer(caller: MaybeCaller) -> User | None:
    """Return the user who looks, or None."""
    return caller.user if caller else None


async def me(caller: Annotated[Caller, Depends(known_caller)]) -> User:
    """Return the user who acts. Raises 401 for nobody."""
    return caller.user


KnownCaller = Annotated[Caller, Depends(known_caller)]
Viewer = Annotated[User | None, Depends(viewer)]
Me = Annotated[User, Depends(me)]
