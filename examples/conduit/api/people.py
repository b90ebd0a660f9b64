"""Who asks: dependencies that turn `Authorization: Token …` into a user.

A session does not count here, although Buckler would take it: the contract says "token", and what acts by itself, as a browser does with
a cookie, is for pages.
"""

from typing import Annotated, Any

from fastapi import Depends
from fastapi.security import APIKeyHeader

from buckler.accounts import SignedIn
from buckler.frameworks.fastapi.accounts import VisitDep, accepts, requires
from examples.conduit.accounts import ARTICLES_DELETE, COMMENT, COMMENTS_DELETE, FOLLOW, PROFILE_READ, PROFILE_WRITE, READ, WRITE
from examples.conduit.errors import ConduitError
from examples.conduit.models import User
from examples.conduit.services import people
from examples.conduit.services.removal import Remover

_header = APIKeyHeader(name="Authorization", scheme_name="Token", auto_error=False, description="`Token …`, as sign-in returns it")
_described = Depends(_header)  # for the API's description alone


def _by_token(rule: Any) -> Any:
    """Ask for a token that `rule` accepts. Returns proof of whose it is."""

    async def known(who: Annotated[SignedIn | None, rule], _said: Annotated[str | None, _described]) -> SignedIn:
        if who is None or who.how == "session":
            raise ConduitError(401, "token", "is missing")
        return who

    return Depends(known)


def _user(rule: Any) -> Any:
    """Ask for the same. Returns the user."""

    async def acting(visit: VisitDep, who: Annotated[SignedIn, _by_token(rule)]) -> User:
        found = await people.of_person(visit.db, who.person_id)
        if found is None:
            raise ConduitError(401, "token", "is invalid")
        return found

    return Depends(acting)


def _remover(own: str, anybodys: str) -> Any:
    """Ask for a token that is good for removing one's own, or anybody's."""
    rule = accepts(own, anybodys)

    async def removing(visit: VisitDep, who: Annotated[SignedIn, _by_token(rule)], me: Annotated[User, _user(rule)]) -> Remover:
        return Remover(visit, who, me, own, anybodys)

    return Depends(removing)


async def viewer(visit: VisitDep, who: Annotated[SignedIn | None, accepts(READ)], _said: Annotated[str | None, _described]) -> User | None:
    """Return the user who looks, or None for a stranger."""
    return await people.of_person(visit.db, who.person_id) if who is not None and who.how != "session" else None


Viewer = Annotated[User | None, Depends(viewer)]
Reader = Annotated[User, _user(requires(READ))]
Writer = Annotated[User, _user(requires(WRITE))]
Commenter = Annotated[User, _user(requires(COMMENT))]
Follower = Annotated[User, _user(requires(FOLLOW))]
OwnerReads = Annotated[SignedIn, _by_token(requires(PROFILE_READ))]
OwnerWrites = Annotated[SignedIn, _by_token(requires(PROFILE_WRITE))]
RemovesArticles = Annotated[Remover, _remover(WRITE, ARTICLES_DELETE)]
RemovesComments = Annotated[Remover, _remover(COMMENT, COMMENTS_DELETE)]
