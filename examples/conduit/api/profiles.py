"""People as others see them."""

from typing import Annotated

from fastapi import APIRouter, Path

from examples.conduit.answers import ProfileAnswer, ProfileOut
from examples.conduit.api.failures import says
from examples.conduit.api.people import Follower, Viewer
from examples.conduit.fields import Name
from examples.conduit.parts import Db
from examples.conduit.services import people
from examples.conduit.views import Profile

router = APIRouter(prefix="/profiles/{username}", tags=["Profile"], responses=says(404))
Username = Annotated[Name, Path()]


def _answer(profile: Profile) -> ProfileAnswer:
    return ProfileAnswer(profile=ProfileOut.model_validate(profile))


@router.get("")
async def profile(username: Username, session: Db, viewer: Viewer) -> ProfileAnswer:
    """Return a profile."""
    return _answer(await people.profile(session, viewer, username))


@router.post("/follow")
async def follow(username: Username, session: Db, me: Follower) -> ProfileAnswer:
    """Follow a user."""
    return _answer(await people.follow(session, me, username))


@router.delete("/follow")
async def unfollow(username: Username, session: Db, me: Follower) -> ProfileAnswer:
    """Follow a user no more."""
    return _answer(await people.unfollow(session, me, username))
