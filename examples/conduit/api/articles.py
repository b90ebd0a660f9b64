"""Articles, the feed, favourites."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from examples.conduit import limits
from examples.conduit.answers import ArticleAnswer, ArticleOut, ArticlesAnswer, ArticleSummary
from examples.conduit.api.failures import says
from examples.conduit.api.people import Reader, RemovesArticles, Viewer, Writer
from examples.conduit.fields import Slug
from examples.conduit.parts import Db, KeptDep
from examples.conduit.schemas import ArticleChangeRequest, ArticleFilter, ArticleRequest, Window
from examples.conduit.services import articles
from examples.conduit.views import ArticlePage, ArticleView

router = APIRouter(prefix="/articles", tags=["Articles"], responses=says(403, 404))
SlugOf = Annotated[Slug, Path()]


def _one(article: ArticleView) -> ArticleAnswer:
    return ArticleAnswer(article=ArticleOut.model_validate(article))


def _many(page: ArticlePage) -> ArticlesAnswer:
    return ArticlesAnswer(articles=[ArticleSummary.model_validate(item) for item in page.articles], articles_count=page.total)


@router.get("")
async def page(wanted: Annotated[ArticleFilter, Query()], session: Db, viewer: Viewer, kept: KeptDep) -> ArticlesAnswer:
    """Return articles, the newest first."""
    return _many(await kept.page(session, viewer, wanted))


@router.get("/feed")
async def feed(wanted: Annotated[Window, Query()], session: Db, me: Reader) -> ArticlesAnswer:
    """Return the articles of the people one follows, the newest first."""
    return _many(await articles.feed(session, me, wanted))


@router.post("", status_code=201, dependencies=[limits.WRITE])
async def create(wanted: ArticleRequest, session: Db, me: Writer) -> ArticleAnswer:
    """Write an article."""
    return _one(await articles.create(session, me, wanted.article))


@router.get("/{slug}")
async def one(slug: SlugOf, session: Db, viewer: Viewer) -> ArticleAnswer:
    """Return an article."""
    return _one(await articles.one(session, viewer, slug))


@router.put("/{slug}")
async def change(slug: SlugOf, wanted: ArticleChangeRequest, session: Db, me: Writer) -> ArticleAnswer:
    """Change one's own article."""
    return _one(await articles.change(session, me, slug, wanted.article))


@router.delete("/{slug}", status_code=204)
async def remove(slug: SlugOf, session: Db, by: RemovesArticles) -> None:
    """Delete one's own article; a moderator anybody's."""
    await articles.remove(session, by, slug)


@router.post("/{slug}/favorite", tags=["Favorites"])
async def favorite(slug: SlugOf, session: Db, me: Writer) -> ArticleAnswer:
    """Make an article a favourite."""
    return _one(await articles.favorite(session, me, slug))


@router.delete("/{slug}/favorite", tags=["Favorites"])
async def unfavorite(slug: SlugOf, session: Db, me: Writer) -> ArticleAnswer:
    """Make an article a favourite no more."""
    return _one(await articles.unfavorite(session, me, slug))
