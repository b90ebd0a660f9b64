"""The tables. Every foreign key that is searched by has an index, and every list is read in the order of one."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import DateTime, Dialect, ForeignKey, Index, LargeBinary, MetaData, String, Text, TypeDecorator, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

# Names for constraints, so that a later migration can name what it changes.
_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

MAX_USERNAME = 40
MAX_EMAIL = 254  # RFC 5321, section 4.5.3.1.3: a path of 256 octets, less its angle brackets
MAX_URL = 2048
MAX_SLUG = 140
MAX_TITLE = 200
MAX_DESCRIPTION = 400
MAX_TAG = 40


class UtcDateTime(TypeDecorator[datetime]):
    """A time with its zone, always UTC. SQLite keeps no zone and would hand back a naive time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002  # SQLAlchemy's signature
        """Return `value` in UTC; a naive one is a mistake of the caller and raises."""
        if value is not None and value.tzinfo is None:
            raise ValueError("a time without its zone")
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002  # SQLAlchemy's signature
        """Return the time with its zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


class Base(DeclarativeBase):
    """Of all tables."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map = {datetime: UtcDateTime}  # noqa: RUF012  # SQLAlchemy's own declaration


class User(Base):
    """`username_key` and `email_key` are what must be unique: `Mira` and `mira` are one person."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(MAX_USERNAME))
    username_key: Mapped[str] = mapped_column(String(MAX_USERNAME), unique=True)
    email: Mapped[str] = mapped_column(String(MAX_EMAIL))
    email_key: Mapped[str] = mapped_column(String(3 * MAX_EMAIL), unique=True)  # folding case can lengthen a text
    password_hash: Mapped[str | None] = mapped_column(String(255))  # None: nobody can sign in with a password
    credentials_version: Mapped[int] = mapped_column(default=1)  # one more with every new password: older sessions then end
    bio: Mapped[str | None] = mapped_column(Text)
    image: Mapped[str | None] = mapped_column(String(MAX_URL))
    created_at: Mapped[datetime] = mapped_column(default=now)


class ApiToken(Base):
    """What a program shows to act for a user. Only the SHA-256 of the token is kept."""

    __tablename__ = "api_tokens"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]


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
