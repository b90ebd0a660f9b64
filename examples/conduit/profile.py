"""What Conduit asks and keeps of a person besides: a username at sign-up; picture, bio, articles and all the rest later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import selectinload

from buckler.accounts import AccountError, Field, Problem
from examples.conduit.db import ARTICLES, TAGS, changed
from examples.conduit.fields import Username
from examples.conduit.models import MAX_USERNAME, Article, Comment, Favorite, Follow, User
from examples.conduit.services.people import key_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Select

    from buckler.accounts import Person, Visit

UNFIT = Problem(
    "conduit.username",
    422,
    "This username cannot be used.",
    f"Begin with a letter or digit; use letters a to z, digits, '.', '_' and '-', at most {MAX_USERNAME} in all.",
)
TAKEN = Problem("conduit.username_taken", 409, "Somebody has this username.", "Choose another one.")

_USERNAME: TypeAdapter[str] = TypeAdapter(Username)
_HINT = "Others see it, and it is part of the address of your profile."


class ConduitProfile:
    """`Accounts.profile`. That a username is taken is no secret: every profile has an address."""

    fields: Sequence[Field] = (Field("username", "Username", "nickname", MAX_USERNAME, hint=_HINT),)

    async def check(self, visit: Visit, given: Mapping[str, str]) -> None:
        """Raises `AccountError` for a username that nobody can have, or that somebody has."""
        key = key_of(_username(given))
        if await visit.db.scalar(select(User.id).where(User.username_key == key)) is not None:
            raise AccountError(TAKEN, "username")

    async def make(self, visit: Visit, person: Person, given: Mapping[str, str]) -> None:
        """Write the row of a new person. Raises `AccountError`."""
        name = _username(given)
        visit.db.add(User(person_id=person.id, username=name, username_key=key_of(name), created_at=visit.now))
        try:
            await visit.db.flush()
        except IntegrityError:  # somebody took it since it was looked up
            await visit.db.rollback()
            raise AccountError(TAKEN, "username") from None

    async def export(self, visit: Visit, person: Person) -> Mapping[str, Any]:
        """Return everything that hangs on the person."""
        db = visit.db
        user = await db.scalar(select(User).where(User.person_id == person.id))
        if user is None:
            return {}
        asked = select(Article).where(Article.author_id == user.id).order_by(Article.id).options(selectinload(Article.tags))
        said = select(Comment, Article.slug).join(Article, Article.id == Comment.article_id).where(Comment.author_id == user.id)
        liked = select(Article.slug).join(Favorite, Favorite.article_id == Article.id).where(Favorite.user_id == user.id)
        return {
            "username": user.username,
            "bio": user.bio,
            "image": user.image,
            "articles": [_article(article) for article in await db.scalars(asked)],
            "comments": [_comment(comment, slug) for comment, slug in await db.execute(said.order_by(Comment.id))],
            "favorites": list(await db.scalars(liked.order_by(Article.slug))),
            "follows": list(await db.scalars(_names(Follow.followed_id, Follow.follower_id, user))),
            "followers": list(await db.scalars(_names(Follow.follower_id, Follow.followed_id, user))),
        }

    async def delete(self, visit: Visit, person: Person) -> None:
        """Remove the profile, and by its foreign keys everything that the person wrote, liked and followed."""
        await visit.db.execute(delete(User).where(User.person_id == person.id))
        changed(visit.db, ARTICLES, TAGS)


def _username(given: Mapping[str, str]) -> str:
    try:
        return _USERNAME.validate_python(given.get("username", ""))
    except ValidationError:
        raise AccountError(UNFIT, "username") from None


def _names(of: Any, by: Any, user: User) -> Select[str]:
    return select(User.username).join(Follow, of == User.id).where(by == user.id).order_by(User.username_key)


def _article(article: Article) -> dict[str, Any]:
    return {
        "slug": article.slug,
        "title": article.title,
        "description": article.description,
        "body": article.body,
        "tags": [tag.name for tag in article.tags],
        "created_at": article.created_at.isoformat(),
        "updated_at": article.updated_at.isoformat(),
    }


def _comment(comment: Comment, slug: str) -> dict[str, Any]:
    return {"article": slug, "body": comment.body, "created_at": comment.created_at.isoformat()}
