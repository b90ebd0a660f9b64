"""Articles: lists, one, writing, favourites, tags. A list costs three statements, however long it is."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

from sqlalchemy import Select, delete, exists, func, literal, select
from sqlalchemy.orm import defer, joinedload, selectinload

from examples.conduit.db import ARTICLES, TAGS, changed, contested, insert_if_new
from examples.conduit.errors import forbidden, not_found
from examples.conduit.models import MAX_SLUG, Article, ArticleTag, Favorite, Follow, User, now
from examples.conduit.services.people import key_of
from examples.conduit.views import ArticlePage, ArticleView, article_view

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from examples.conduit.schemas import ArticleChange, ArticleFilter, NewArticle, Window
    from examples.conduit.services.removal import Remover

Rows = Select[Article, int, bool, bool]
MAX_TAGS_SHOWN = 1000
_TICK = timedelta(microseconds=1)


async def page(session: AsyncSession, viewer: User | None, wanted: ArticleFilter) -> ArticlePage:
    """Return a window on the articles that meet every condition of `wanted`, the newest first."""
    conditions = []
    if wanted.tag is not None:
        conditions.append(Article.id.in_(select(ArticleTag.article_id).where(ArticleTag.name == wanted.tag)))
    if wanted.author is not None:
        conditions.append(Article.author_id == _id_of(wanted.author))
    if wanted.favorited is not None:
        conditions.append(Article.id.in_(select(Favorite.article_id).where(Favorite.user_id == _id_of(wanted.favorited))))
    return await _page(session, viewer, conditions, wanted)


async def feed(session: AsyncSession, viewer: User, wanted: Window) -> ArticlePage:
    """Return a window on the articles of the people whom `viewer` follows, the newest first."""
    followed = select(Follow.followed_id).where(Follow.follower_id == viewer.id)
    return await _page(session, viewer, [Article.author_id.in_(followed)], wanted)


async def one(session: AsyncSession, viewer: User | None, slug: str) -> ArticleView:
    """Return an article. Raises `ConduitError` 404."""
    row = (await session.execute(_rows(viewer).where(Article.slug == slug))).one_or_none()
    if row is None:
        raise not_found("article")
    return article_view(row[0], row, body=row[0].body)


async def create(session: AsyncSession, author: User, new: NewArticle) -> ArticleView:
    """Return the article that was written."""
    at = now()
    article = Article(title=new.title, description=new.description, body=new.body, author=author, created_at=at, updated_at=at)
    article.slug, article.tags = new_slug(new.title), _tags(new.tag_list)
    session.add(article)
    changed(session, ARTICLES, TAGS)
    await session.commit()
    return await one(session, author, article.slug)


async def change(session: AsyncSession, author: User, slug: str, wanted: ArticleChange) -> ArticleView:
    """Return the article as changed. A new title brings a new slug. Raises `ConduitError` 404 or, for another's article, 403."""
    article = await own(session, author, slug, with_tags=True)
    new = wanted.changes()
    if "tag_list" in new:
        kept = {tag.name: tag for tag in article.tags}
        article.tags = [_moved(kept.get(tag.name, tag), tag.position) for tag in _tags(new.pop("tag_list"))]
    if _base(new.get("title", article.title)) != _base(article.title):
        article.slug = new_slug(new["title"])
    for name, value in new.items():
        setattr(article, name, value)
    article.updated_at = max(now(), article.updated_at + _TICK)  # a clock may stand still; a change is a change
    changed(session, ARTICLES, TAGS)
    async with contested(session):
        await session.commit()
    return await one(session, author, article.slug)


async def remove(session: AsyncSession, by: Remover, slug: str) -> None:
    """Delete an article with its comments, tags and favourites. Raises `ConduitError` 404, or 403 for who may not."""
    article = (await session.execute(select(Article.id, Article.author_id).where(Article.slug == slug))).one_or_none()
    if article is None:
        raise not_found("article")
    if not await by.may(article.author_id):
        raise forbidden("article")
    await session.execute(delete(Article).where(Article.id == article.id))
    changed(session, ARTICLES, TAGS)
    await session.commit()


async def favorite(session: AsyncSession, viewer: User, slug: str) -> ArticleView:
    """Return the article that is a favourite now. Doing it twice is doing it once."""
    article_id = await id_of(session, slug)
    changed(session, ARTICLES)
    async with contested(session):
        await insert_if_new(session, Favorite, user_id=viewer.id, article_id=article_id)
        await session.commit()
    return await one(session, viewer, slug)


async def unfavorite(session: AsyncSession, viewer: User, slug: str) -> ArticleView:
    """Return the article that is no favourite any more."""
    article_id = await id_of(session, slug)
    changed(session, ARTICLES)
    await session.execute(delete(Favorite).where(Favorite.user_id == viewer.id, Favorite.article_id == article_id))
    await session.commit()
    return await one(session, viewer, slug)


async def tags(session: AsyncSession, limit: int = MAX_TAGS_SHOWN) -> list[str]:
    """Return the tags in use, the most used first."""
    query = select(ArticleTag.name).group_by(ArticleTag.name).order_by(func.count().desc(), ArticleTag.name).limit(limit)
    return list(await session.scalars(query))


async def id_of(session: AsyncSession, slug: str) -> int:
    """Return an article's id. Raises `ConduitError` 404."""
    found = await session.scalar(select(Article.id).where(Article.slug == slug))
    if found is None:
        raise not_found("article")
    return found


async def own(session: AsyncSession, author: User, slug: str, *, with_tags: bool = False) -> Article:
    """Return an article of `author`. Raises `ConduitError` 404 or, for another's article, 403."""
    query = select(Article).where(Article.slug == slug)
    article = await session.scalar(query.options(selectinload(Article.tags)) if with_tags else query)
    if article is None:
        raise not_found("article")
    if article.author_id != author.id:
        raise forbidden("article")
    return article


def new_slug(title: str) -> str:
    """Return an address for an article: its title in a-z, 0-9 and '-', and 32 random bits, because titles repeat."""
    return f"{_base(title)}-{secrets.token_hex(4)}"


def _base(title: str) -> str:
    words = normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", words).strip("-")[: MAX_SLUG - 20].rstrip("-") or "article"


def _tags(names: list[str]) -> list[ArticleTag]:
    return [ArticleTag(name=name, position=position) for position, name in enumerate(names)]


def _moved(tag: ArticleTag, position: int) -> ArticleTag:
    tag.position = position
    return tag


def _id_of(username: str) -> Any:
    return select(User.id).where(User.username_key == key_of(username)).scalar_subquery()


def _rows(viewer: User | None) -> Rows:
    """Article, number of favourites, whether the viewer's favourite, whether the viewer follows the author; tags and author loaded.

    The counts are sub-queries on an index, one look a row of the page. A counter in the article would be read faster and written
    by everybody at once.
    """
    count = select(func.count()).where(Favorite.article_id == Article.id).correlate(Article).scalar_subquery()
    nobody = literal(value=False)
    mine = exists().where(Favorite.user_id == viewer.id, Favorite.article_id == Article.id) if viewer else nobody
    follows = exists().where(Follow.follower_id == viewer.id, Follow.followed_id == Article.author_id) if viewer else nobody
    person = joinedload(Article.author, innerjoin=True).load_only(User.username, User.bio, User.image, raiseload=True)
    return select(Article, count, mine, follows).options(person, selectinload(Article.tags)).execution_options(populate_existing=True)


async def _page(session: AsyncSession, viewer: User | None, conditions: list[Any], window: Window) -> ArticlePage:
    total = await session.scalar(select(func.count()).select_from(Article).where(*conditions)) or 0
    query = _rows(viewer).where(*conditions).options(defer(Article.body, raiseload=True))
    query = query.order_by(Article.created_at.desc(), Article.id.desc()).limit(window.limit).offset(window.offset)
    rows = (await session.execute(query)).all() if total > window.offset else []
    return ArticlePage([article_view(row[0], row, body="") for row in rows], total)
