"""Who visits: the person that Buckler proves, and what Conduit knows of them, looked up once a request."""

from dataclasses import dataclass
from typing import Annotated, NamedTuple
from uuid import UUID

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from buckler.accounts import SignedIn
from buckler.accounts import Visit as AccountVisit
from buckler.frameworks.fastapi.accounts import PersonDep, SignedInDep, VisitDep, maybe_signed_in
from examples.conduit.errors import not_found
from examples.conduit.kept import Kept
from examples.conduit.models import User
from examples.conduit.parts import parts_of
from examples.conduit.services import people
from examples.conduit.services.removal import Remover
from examples.conduit.site.addresses import same_site


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a browser. `viewer` is None for strangers."""

    request: Request
    account: AccountVisit
    who: SignedIn | None
    viewer: User | None

    @property
    def db(self) -> AsyncSession:
        """The session of the request."""
        return self.account.db

    @property
    def kept(self) -> Kept:
        """What is the same for everybody, or for every stranger."""
        return parts_of(self.request).kept

    @property
    def here(self) -> str:
        """The address of this page, with its query."""
        url = self.request.url
        return same_site(f"{url.path}?{url.query}" if url.query else url.path)

    @property
    def wants_json(self) -> bool:
        """Whether our own script asks, which changes the page by itself."""
        return wants_json(self.request)

    def remover(self, own: str, anybodys: str) -> Remover | None:
        """Return who would remove something; None for a stranger."""
        return Remover(self.account, self.who, self.viewer, own, anybodys) if self.who and self.viewer else None


@dataclass(frozen=True, slots=True)
class OwnVisit(Visit):
    """One request of somebody who is signed in."""

    who: SignedIn
    viewer: User

    @property
    def me(self) -> User:
        """Who acts."""
        return self.viewer

    def remover(self, own: str, anybodys: str) -> Remover:
        """Return who removes something."""
        return Remover(self.account, self.who, self.viewer, own, anybodys)


def wants_json(request: Request) -> bool:
    """Whether the request asks for JSON and nothing else."""
    return request.headers.get("accept", "") == "application/json"


async def viewer_of(request: Request, account: VisitDep, who: Annotated[SignedIn | None, Depends(maybe_signed_in)]) -> User | None:
    """Return the user who looks, and put them where the frame of the account pages finds them. A dependency."""
    viewer = await people.of_person(account.db, who.person_id) if who else None
    request.state.seen = Seen(account, viewer)
    return viewer


class Seen(NamedTuple):
    """Who looked when the request came, and the visit, in which they may have signed out or deleted their account meanwhile."""

    account: AccountVisit
    viewer: User | None

    @property
    def still(self) -> User | None:
        """The user, if that is who is signed in now."""
        session = self.account.request.session
        return self.viewer if self.viewer is not None and session is not None and self.account.session.person is not None else None


async def visit_of(
    request: Request,
    account: VisitDep,
    who: Annotated[SignedIn | None, Depends(maybe_signed_in)],
    viewer: Annotated[User | None, Depends(viewer_of)],
) -> Visit:
    """Return the visit that a request is. A dependency."""
    return Visit(request, account, who, viewer)


async def own_visit_of(
    request: Request, account: VisitDep, who: SignedInDep, _person: PersonDep, viewer: Annotated[User | None, Depends(viewer_of)]
) -> OwnVisit:
    """Return the visit of somebody who is signed in; a stranger is sent to the sign-in page. The person's row is asked for too: a device
    that its owner has ended is out at once, and one that is used shows when. A dependency."""
    if viewer is None:
        raise not_found("profile")
    return OwnVisit(request, account, who, viewer)


VisitOf = Annotated[Visit, Depends(visit_of)]
OwnVisitOf = Annotated[OwnVisit, Depends(own_visit_of)]


async def viewer_by_session(request: Request, person: str | None) -> User | None:
    """Return the user of a session, for a page that says what went wrong and is no route."""
    try:
        person_id = UUID(person or "")
    except ValueError:
        return None
    async with parts_of(request).database.session() as db:
        return await people.of_person(db, person_id)
