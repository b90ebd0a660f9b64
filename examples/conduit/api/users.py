"""Sign-up, sign-in, and one's own account."""

from fastapi import APIRouter, Request

from buckler.accounts import Person
from buckler.frameworks.fastapi import sign_in as entrance
from buckler.frameworks.fastapi.accounts import VisitDep, public
from examples.conduit import limits
from examples.conduit.answers import UserAnswer, UserOut
from examples.conduit.api.failures import says
from examples.conduit.api.people import OwnerReads, OwnerWrites
from examples.conduit.models import User
from examples.conduit.schemas import SignInRequest, UserChangeRequest, UserRequest
from examples.conduit.services import entry

router = APIRouter(tags=["User and Authentication"], responses=says(403, 409, 429, 503))
_NOBODY_YET = public(because="who registers or signs in is nobody yet")


def _answer(person: Person, user: User, token: str) -> UserAnswer:
    return UserAnswer(user=UserOut(email=person.email, token=token, username=user.username, bio=user.bio, image=user.image))


def _shown(request: Request) -> str:
    """The token of the request, which the contract wants to be said again."""
    return request.headers["authorization"].partition(" ")[2].strip()


@router.post("/users", status_code=201, dependencies=[_NOBODY_YET, limits.SIGN_UP])
async def register(wanted: UserRequest, visit: VisitDep) -> UserAnswer:
    """Register a new user. They sign in on the site once they have opened the link that is sent to their address."""
    return _answer(*await entry.register(visit, wanted.user))


@router.post("/users/login", dependencies=[_NOBODY_YET])
@entrance  # has room of its own when there is more to do than can be done
async def sign_in(wanted: SignInRequest, visit: VisitDep) -> UserAnswer:
    """Sign in: a token for an hour. Who has a second factor makes a personal token on the site instead."""
    return _answer(*await entry.sign_in(visit, wanted.user))


@router.get("/user")
async def current(request: Request, who: OwnerReads, visit: VisitDep) -> UserAnswer:
    """Return the user whose token this is."""
    return _answer(*await entry.whose(visit, who), _shown(request))


@router.put("/user", dependencies=[limits.ACCOUNT])
async def change(request: Request, wanted: UserChangeRequest, who: OwnerWrites, visit: VisitDep) -> UserAnswer:
    """Change one's own account. Address and password change by token only until the address is confirmed."""
    return _answer(*await entry.change(visit, who, wanted.user), _shown(request))
