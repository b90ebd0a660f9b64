"""Who visits: the session's person, looked up once a request."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from buckler.frameworks.fastapi import Session, SessionDep
from examples.conduit.models import User
from examples.conduit.parts import Db
from examples.conduit.services import people
from examples.conduit.site.addresses import same_site

_VERSION = "credentials"  # of the password that was good when the session began


class SignInNeededError(Exception):
    """Nobody is signed in, and somebody must be. `back` is where to go afterwards."""

    def __init__(self, back: str) -> None:
        self.back = back
        super().__init__("sign in first")


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a browser."""

    request: Request
    session: Session
    db: AsyncSession
    viewer: User | None

    @property
    def here(self) -> str:
        """The address of this page, with its query."""
        url = self.request.url
        return same_site(f"{url.path}?{url.query}" if url.query else url.path)

    def me(self, back: str = "") -> User:
        """Return who is signed in. Raises `SignInNeededError`, which leads to the sign-in page and then to `back` (else to this page)."""
        if self.viewer is None:
            raise SignInNeededError(back or (self.here if self.request.method in {"GET", "HEAD"} else "/"))
        return self.viewer

    @property
    def wants_json(self) -> bool:
        """Whether our own script asks, which changes the page by itself."""
        return wants_json(self.request)


def wants_json(request: Request) -> bool:
    """Whether the request asks for JSON and nothing else."""
    return request.headers.get("accept", "") == "application/json"


async def viewer_of(request: Request, session: Session, db: AsyncSession) -> User | None:
    """Return who is signed in. A session from before the password was changed is no one's."""
    person = session.person
    user = await people.by_id(db, int(person)) if person is not None else None
    if person is not None and (user is None or session.get(_VERSION) != user.credentials_version):
        session.sign_out()
        user = None
    request.state.viewer = user
    return user


async def visit_of(request: Request, session: SessionDep, db: Db) -> Visit:
    """Return the visit that a request is. A dependency."""
    return Visit(request, session, db, await viewer_of(request, session, db))


VisitOf = Annotated[Visit, Depends(visit_of)]


def enter(session: Session, user: User) -> None:
    """Sign `user` in, under a new id."""
    session.sign_in(str(user.id))
    remember(session, user)


def remember(session: Session, user: User) -> None:
    """Tie the session to the password of now."""
    session[_VERSION] = user.credentials_version
