"""Tags."""

from fastapi import APIRouter

from buckler.frameworks.fastapi.accounts import public
from examples.conduit.answers import TagsAnswer
from examples.conduit.parts import Db
from examples.conduit.services import articles

router = APIRouter(tags=["Tags"], dependencies=[public(because="the tags in use are the same for everybody")])


@router.get("/tags")
async def tags(session: Db) -> TagsAnswer:
    """Return the tags in use, the most used first."""
    return TagsAnswer(tags=await articles.tags(session))
