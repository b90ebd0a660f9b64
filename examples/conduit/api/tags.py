"""Tags."""

from fastapi import APIRouter

from buckler.frameworks.fastapi import cached
from buckler.frameworks.fastapi.accounts import public
from examples.conduit.answers import TagsAnswer
from examples.conduit.db import TAGS
from examples.conduit.kept import TTL_S
from examples.conduit.parts import KeptDep
from examples.conduit.services.articles import MAX_TAGS_SHOWN

router = APIRouter(tags=["Tags"], dependencies=[public(because="the tags in use are the same for everybody")])


# Nothing here asks who calls, so the whole answer is kept: the next visitor gets it before this function is called.
@router.get("/tags", dependencies=[cached(ttl_s=TTL_S, tags=[TAGS])])
async def tags(kept: KeptDep) -> TagsAnswer:
    """Return the tags in use, the most used first."""
    return TagsAnswer(tags=await kept.tags(MAX_TAGS_SHOWN))
