"""Tags."""

from fastapi import APIRouter

from examples.conduit.answers import TagsAnswer
from examples.conduit.parts import Db
from examples.conduit.services import articles

router = APIRouter(tags=["Tags"])


@router.get("/tags")
async def tags(session: Db) -> TagsAnswer:
    """Return the tags in use, the most used first."""
    return TagsAnswer(tags=await articles.tags(session))
