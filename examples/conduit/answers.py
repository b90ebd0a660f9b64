"""What goes out, named as the RealWorld API names it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Out(BaseModel):
    """What goes out, named as the RealWorld API names it."""

    model_config = ConfigDict(from_attributes=True, alias_generator=to_camel, populate_by_name=True, serialize_by_alias=True)


class ProfileOut(Out):
    """A person as others see them."""

    username: str
    bio: str | None
    image: str | None
    following: bool


class UserOut(Out):
    """A person as they see themselves."""

    email: str
    token: str
    username: str
    bio: str | None
    image: str | None


class ArticleSummary(Out):
    """An article in a list: without its body."""

    slug: str
    title: str
    description: str
    tag_list: Sequence[str]
    created_at: datetime
    updated_at: datetime
    favorited: bool
    favorites_count: int
    author: ProfileOut


class ArticleOut(ArticleSummary):
    """An article."""

    body: str


class CommentOut(Out):
    """A comment."""

    id: int
    created_at: datetime
    updated_at: datetime
    body: str
    author: ProfileOut


class UserAnswer(Out):
    """The answer's one member, as the RealWorld API has it."""

    user: UserOut


class ProfileAnswer(Out):
    """As `UserAnswer`."""

    profile: ProfileOut


class ArticleAnswer(Out):
    """As `UserAnswer`."""

    article: ArticleOut


class ArticlesAnswer(Out):
    """A page of articles, and how many there are in all."""

    articles: list[ArticleSummary]
    articles_count: int


class CommentAnswer(Out):
    """As `UserAnswer`."""

    comment: CommentOut


class CommentsAnswer(Out):
    """All comments of an article."""

    comments: list[CommentOut]


class TagsAnswer(Out):
    """Tags in use, the most used first."""

    tags: list[str]


class ErrorsAnswer(Out):
    """What is wrong, by field."""

    errors: dict[str, list[str]]
