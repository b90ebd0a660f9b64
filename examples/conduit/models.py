"""The tables. Every foreign key that is searched by has an index, and every list is read in the order of one."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, MetaData, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from buckler.accounts.tables import Person, UtcDateTime

# Names for constraints, so that a later migration can name what it changes.
_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

MAX_USERNAME = 40
MAX_URL = 2048
MAX_SLUG = 140
MAX_TITLE = 200
MAX_DESCRIPTION = 400
MAX_TAG = 40


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


class Base(DeclarativeBase):
    """Of all tables."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map = {datetime: UtcDateTime}  # noqa: RUF012  # SQLAlchemy's own declaration


class User(Base):
    """What Conduit knows of a person besides: how others see them. Who they are, and how they prove it, is in the tables of
    `buckler.accounts`. `username_key` is what must be unique: `Mira` and `mira` are one person."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey(Person.id, ondelete="CASCADE"), unique=True)
    username: Mapped[str] = mapped_column(String(MAX_USERNAME))
    username_key: Mapped[str] = mapped_column(String(MAX_USERNAME), unique=True)
    bio: Mapped[str | None] = mapped_column(Text)
    image: Mapped[str | None] = mapped_column(String(MAX_URL))
    created_at: Mapped[datetime] = mapped_column(default=now)


class Article(Base):
    """`slug` is its address."""

    __tablename__ = "articles"
    __table_args__ = (Index(None, "created_at", "id"), Index(None, "author_id", "created_at", "id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(MAX_SLUG), unique=True)
    title: Mapped[str] = mapped_column(String(MAX_TITLE))
    description: Mapped[str] = mapped_column(String(MAX_DESCRIPTION))
    body: Mapped[str] = mapped_column(Text)
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)

    # `raise`: a relationship that a query forgot to load is an error in the tests, not one statement more a row.
    author: Mapped[User] = relationship(lazy="raise")
    tags: Mapped[list[ArticleTag]] = relationship(
        lazy="raise", order_by="ArticleTag.position", cascade="all, delete-orphan", passive_deletes=True
    )


class ArticleTag(Base):
    """A tag of an article, at its place. A tag is its name: a table of tags would only add a join."""

    __tablename__ = "article_tags"
    __table_args__ = (Index(None, "name", "article_id"),)

    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(MAX_TAG), primary_key=True)
    position: Mapped[int]


class Favorite(Base):
    """A user likes an article."""

    __tablename__ = "favorites"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True, index=True)


class Follow(Base):
    """A user reads another."""

    __tablename__ = "follows"
    __table_args__ = (UniqueConstraint("followed_id", "follower_id"),)

    follower_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    followed_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)


class Comment(Base):
    """What a user says about an article."""

    __tablename__ = "comments"
    __table_args__ = (Index(None, "article_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[str] = mapped_column(Text)
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"))
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)

    author: Mapped[User] = relationship(lazy="raise")
