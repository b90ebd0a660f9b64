"""Pages to read: lists of articles, an article, a profile."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from examples.conduit.accounts import ARTICLES_DELETE, COMMENT, COMMENTS_DELETE, WRITE
from examples.conduit.fields import MAX_OFFSET, Name, Slug, TagName
from examples.conduit.schemas import ArticleFilter, Window
from examples.conduit.services import articles, comments, people
from examples.conduit.site.addresses import segment, sign_in_address
from examples.conduit.site.answers import see, show
from examples.conduit.site.markdown import Articles
from examples.conduit.site.render import PER_PAGE, Pages
from examples.conduit.site.visit import Visit, VisitOf
from examples.conduit.views import ArticlePage

router = APIRouter()
_rendered = Articles()
READ = ["GET", "HEAD"]  # RFC 9110, section 9.1: both, always
POPULAR = 20
_NOTHING = "No articles are here… yet."
_NO_FAVORITES = "No favorites are here… yet."
_EMPTY_FEED = "Your feed is empty. Follow some people to see their articles here."

Page = Annotated[int, Query(alias="page", ge=1, le=MAX_OFFSET // PER_PAGE)]
SlugOf = Annotated[Slug, Path()]
NameOf = Annotated[Name, Path()]


@router.api_route("/", methods=READ)
async def home(visit: VisitOf, page: Page = 1, feed: str = "") -> Response:
    """Show everybody's articles, or those of the people one follows."""
    following = feed == "following"
    if following:
        if visit.viewer is None:
            return see(sign_in_address(visit.here))
        found = await articles.feed(visit.db, visit.viewer, window(page))
    else:
        found = await visit.kept.page(visit.db, visit.viewer, ArticleFilter(**window(page).model_dump()))
    nothing = _EMPTY_FEED if following else _NOTHING
    base = "/?feed=following" if following else "/"
    return await _list(visit, Pages.of(base, page, found.total), found, following=following, tag="", nothing=nothing)


@router.api_route("/tag/{tag}", methods=READ)
async def tagged(visit: VisitOf, tag: Annotated[TagName, Path()], page: Page = 1) -> Response:
    """Show the articles with a tag."""
    found = await articles.page(visit.db, visit.viewer, ArticleFilter(**window(page).model_dump(), tag=tag))
    pages = Pages.of(f"/tag/{segment(tag)}", page, found.total)
    return await _list(visit, pages, found, following=False, tag=tag, nothing=_NOTHING)


@router.api_route("/profile/{username}", methods=READ)
async def profile(visit: VisitOf, username: NameOf, page: Page = 1) -> Response:
    """Show a person and what they wrote."""
    person = await people.profile(visit.db, visit.viewer, username)
    found = await articles.page(visit.db, visit.viewer, ArticleFilter(**window(page).model_dump(), author=username))
    pages = Pages.of(f"/profile/{segment(person.username)}", page, found.total)
    return show(visit, "profile.html", profile=person, favorites=False, nothing=_NOTHING, **_shared(visit, pages, found))


@router.api_route("/profile/{username}/favorites", methods=READ)
async def favorites(visit: VisitOf, username: NameOf, page: Page = 1) -> Response:
    """Show a person and the articles they like."""
    person = await people.profile(visit.db, visit.viewer, username)
    found = await articles.page(visit.db, visit.viewer, ArticleFilter(**window(page).model_dump(), favorited=username))
    pages = Pages.of(f"/profile/{segment(person.username)}/favorites", page, found.total)
    return show(visit, "profile.html", profile=person, favorites=True, nothing=_NO_FAVORITES, **_shared(visit, pages, found))


@router.api_route("/article/{slug}", methods=READ)
async def article(visit: VisitOf, slug: SlugOf) -> Response:
    """Show an article with its comments."""
    return await article_page(visit, slug)


async def article_page(visit: Visit, slug: str, *, status: int = 200, **changes: Any) -> Response:
    """Return the page of an article; `changes` are for a comment that was refused."""
    found = await articles.one(visit.db, visit.viewer, slug)
    said = await comments.of_article(visit.db, visit.viewer, slug)
    moderates = visit.remover(WRITE, ARTICLES_DELETE), visit.remover(COMMENT, COMMENTS_DELETE)
    context = {
        "removes_any_article": bool(moderates[0] and await moderates[0].anybodys_too()),
        "removes_any_comment": bool(moderates[1] and await moderates[1].anybodys_too()),
        "article": found,
        "body": await _rendered.html(found.body),
        "comments": said,
        "back": f"/article/{segment(slug)}",
        "given": {"body": ""},
        **changes,
    }
    return show(visit, "article.html", status=status, **context)


def window(page: int) -> Window:
    """Return what a page of a list shows."""
    return Window(limit=PER_PAGE, offset=(page - 1) * PER_PAGE)


async def _list(visit: Visit, pages: Pages, found: ArticlePage, **context: Any) -> Response:
    popular = await visit.kept.tags(POPULAR)
    return show(visit, "home.html", popular=popular, **_shared(visit, pages, found), **context)


def _shared(visit: Visit, pages: Pages, found: ArticlePage) -> dict[str, Any]:
    return {"articles": found.articles, "pages": pages, "back": visit.here}
