"""Sign-up, sign-in, and one's own account."""

from fastapi import APIRouter

from examples.conduit import limits, tokens
from examples.conduit.answers import UserAnswer, UserOut
from examples.conduit.api.failures import says
from examples.conduit.api.people import KnownCaller
from examples.conduit.models import User
from examples.conduit.parts import Db, PartsOf
from examples.conduit.schemas import SignInRequest, UserChangeRequest, UserRequest
from examples.conduit.services import people

router = APIRouter(tags=["User and Authentication"], responses=says(409))


def _answer(user: User, token: str) -> UserAnswer:
    return UserAnswer(user=UserOut(email=user.email, token=token, username=user.username, bio=user.bio, image=user.image))


@router.post("/users", status_code=201, dependencies=[limits.SIGN_UP])
async def register(wanted: UserRequest, session: Db, parts: PartsOf) -> UserAnswer:
    """Register a new user."""
    allow_common = parts.settings.insecure_allow_common_passwords
    user = await people.register(session, parts.passwords, wanted.user, allow_common=allow_common)
    return _answer(user, await _new_token(session, parts, user))


@router.post("/users/login", dependencies=[limits.sign_in("user.email")])
async def sign_in(wanted: SignInRequest, session: Db, parts: PartsOf) -> UserAnswer:
    """Sign in: a new token for an e-mail address and its password."""
    user = await people.authenticate(session, parts.passwords, wanted.user)
    return _answer(user, await _new_token(session, parts, user))


@router.get("/user")
async def current(caller: KnownCaller) -> UserAnswer:
    """Return the user whose token this is."""
    return _answer(caller.user, caller.token)


@router.put("/user", dependencies=[limits.ACCOUNT])
async def change(wanted: UserChangeRequest, caller: KnownCaller, session: Db, parts: PartsOf) -> UserAnswer:
    """Change one's own account. A new password takes back all other tokens, and ends all sessions on the site."""
    allow_common = parts.settings.insecure_allow_common_passwords
    user = await people.change(session, parts.passwords, caller.user, wanted.user, allow_common=allow_common, token=caller.token)
    return _answer(user, caller.token)


async def _new_token(session: Db, parts: PartsOf, user: User) -> str:
    token = await tokens.issue(session, user, parts.settings.token_days)
    await session.commit()
    return token
