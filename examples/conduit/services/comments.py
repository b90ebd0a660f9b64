"""Comments of an article."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, literal, select
from sqlalchemy.orm import contains_eager

from examples.conduit.db import contested
from examples.conduit.errors import forbidden, not_found
from examples.conduit.models import Comment, Follow, User, now
from examples.conduit.services.articles import id_of
from examples.conduit.views import CommentView, Profile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from examples.conduit.schemas import NewComment
    from examples.conduit.services.removal import Remover

MAX_SHOWN = 500  # the API's contract knows no pages here; an answer without end is no answer


async def of_article(session: AsyncSession, viewer: User | None, slug: str) -> Sequence[CommentView]:
    """Return the comments of an article, the newest first, at most `MAX_SHOWN`. Raises `ConduitError` 404. Two statements."""
    article_id = await id_of(session, slug)
    follows = exists().where(Follow.follower_id == viewer.id, Follow.followed_id == Comment.author_id) if viewer else literal(value=False)
    query = select(Comment, follows).join(Comment.author).options(contains_eager(Comment.author))
    rows = await session.execute(query.where(Comment.article_id == article_id).order_by(Comment.id.desc()).limit(MAX_SHOWN))
    return [CommentView.of(comment, Profile.of(comment.author, following=bool(following))) for comment, following in rows]


async def create(session: AsyncSession, author: User, slug: str, new: NewComment) -> CommentView:
    """Return the comment that was written. Raises `ConduitError` 404."""
    at = now()
    comment = Comment(body=new.body, article_id=await id_of(session, slug), author=author, created_at=at, updated_at=at)
    session.add(comment)
    async with contested(session):
        await session.commit()
    return CommentView.of(comment, Profile.of(author))


async def remove(session: AsyncSession, by: Remover, slug: str, comment_id: int) -> None:
    """Delete a comment. Raises `ConduitError`: 404, or 403 for who may not."""
    article_id = await id_of(session, slug)
    author_id = await session.scalar(select(Comment.author_id).where(Comment.id == comment_id, Comment.article_id == article_id))
    if author_id is None:
        raise not_found("comment")
    if not await by.may(author_id):
        raise forbidden("comment")
    await session.execute(delete(Comment).where(Comment.id == comment_id))
    await session.commit()
