"""Comments of an article."""

from typing import Annotated

from fastapi import APIRouter, Path

from examples.conduit import limits
from examples.conduit.answers import CommentAnswer, CommentOut, CommentsAnswer
from examples.conduit.api.failures import says
from examples.conduit.api.people import Commenter, RemovesComments, Viewer
from examples.conduit.fields import MAX_ID, Slug
from examples.conduit.parts import Db
from examples.conduit.schemas import CommentRequest
from examples.conduit.services import comments

router = APIRouter(prefix="/articles/{slug}/comments", tags=["Comments"], responses=says(403, 404))
SlugOf = Annotated[Slug, Path()]
CommentId = Annotated[int, Path(ge=1, le=MAX_ID)]


@router.get("")
async def of_article(slug: SlugOf, session: Db, viewer: Viewer) -> CommentsAnswer:
    """Return the comments of an article, the newest first."""
    found = await comments.of_article(session, viewer, slug)
    return CommentsAnswer(comments=[CommentOut.model_validate(item) for item in found])


@router.post("", status_code=201, dependencies=[limits.COMMENT])
async def create(slug: SlugOf, wanted: CommentRequest, session: Db, me: Commenter) -> CommentAnswer:
    """Comment on an article."""
    return CommentAnswer(comment=CommentOut.model_validate(await comments.create(session, me, slug, wanted.comment)))


@router.delete("/{comment_id}", status_code=204)
async def remove(slug: SlugOf, comment_id: CommentId, session: Db, by: RemovesComments) -> None:
    """Delete one's own comment; a moderator anybody's."""
    await comments.remove(session, by, slug, comment_id)
