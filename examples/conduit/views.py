"""What services answer: values, read to the end. No statement hides behind an attribute."""

from __future__ import annotations

from collections.abc import Sequence  # noqa: TC003  # what is kept is made again from these annotations: see `kept`
from dataclasses import dataclass
from datetime import datetime  # noqa: TC003  # as above
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from examples.conduit.models import Article, Comment, User


@dataclass(frozen=True, slots=True)
class Profile:
    """A person as `following` of the viewer sees them."""

    username: str
    bio: str | None
    image: str | None
    following: bool = False

    @classmethod
    def of(cls, user: User, *, following: bool = False) -> Profile:
        """Return the public part of `user`."""
        return cls(user.username, user.bio, user.image, following)


@dataclass(frozen=True, slots=True)
class ArticleView:
    """An article as one viewer sees it. `body` is "" in lists."""

    slug: str
    title: str
    description: str
    body: str
    tag_list: tuple[str, ...]
    created_at: datetime
    updated_at: datetime
    favorited: bool
    favorites_count: int
    author: Profile


@dataclass(frozen=True, slots=True)
class ArticlePage:
    """A window on a list of articles, and how many there are in all."""

    articles: Sequence[ArticleView]
    total: int


@dataclass(frozen=True, slots=True)
class CommentView:
    """A comment as one viewer sees it."""

    id: int
    created_at: datetime
    updated_at: datetime
    body: str
    author: Profile

    @classmethod
    def of(cls, comment: Comment, author: Profile) -> CommentView:
        """Return the view of `comment`."""
        return cls(comment.id, comment.created_at, comment.updated_at, comment.body, author)


def article_view(article: Article, row: Sequence[object], *, body: str) -> ArticleView:
    """Return the view of a row of `services.articles`: article, number of favourites, whether one of the viewer's, whether the
    viewer follows its author."""
    _, count, favorited, following = row
    return ArticleView(
        slug=article.slug,
        title=article.title,
        description=article.description,
        body=body,
        tag_list=tuple(tag.name for tag in article.tags),
        created_at=article.created_at,
        updated_at=article.updated_at,
        favorited=bool(favorited),
        favorites_count=int(str(count)),
        author=Profile.of(article.author, following=bool(following)),
    )
