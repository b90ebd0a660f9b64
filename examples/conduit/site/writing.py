"""The editor, and everything that is done to an article or a person by one button."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from examples.conduit import limits
from examples.conduit.accounts import ARTICLES_DELETE, COMMENT, COMMENTS_DELETE, WRITE
from examples.conduit.errors import ConduitError
from examples.conduit.fields import MAX_ID
from examples.conduit.schemas import ArticleChange, NewArticle, NewComment
from examples.conduit.services import articles, comments, people
from examples.conduit.site.addresses import segment
from examples.conduit.site.answers import done, see, show
from examples.conduit.site.forms import Form, FormError, Posted, problems
from examples.conduit.site.reading import READ, NameOf, SlugOf, article_page
from examples.conduit.site.render import day, machine_time
from examples.conduit.site.visit import OwnVisit, OwnVisitOf

router = APIRouter()
CommentId = Annotated[int, Path(ge=1, le=MAX_ID)]
_EMPTY: dict[str, Any] = {"title": "", "description": "", "body": "", "tagList": []}


@router.api_route("/editor", methods=READ)
async def write(visit: OwnVisitOf) -> Response:
    """Show the empty editor."""
    return show(visit, "editor.html", slug="", given=_EMPTY)


@router.post("/editor", dependencies=[limits.WRITE])
async def publish(visit: OwnVisitOf, form: Posted) -> Response:
    """Publish an article."""
    me = visit.me
    try:
        article = await articles.create(visit.db, me, form.read(NewArticle))
    except (FormError, ConduitError) as refused:
        return _again(visit, form, refused, slug="")
    return see(f"/article/{segment(article.slug)}")


@router.api_route("/editor/{slug}", methods=READ)
async def rewrite(visit: OwnVisitOf, slug: SlugOf) -> Response:
    """Show the editor with one's own article."""
    me = visit.me
    await articles.own(visit.db, me, slug)
    article = await articles.one(visit.db, me, slug)
    given = {"title": article.title, "description": article.description, "body": article.body, "tagList": article.tag_list}
    return show(visit, "editor.html", slug=slug, given=given)


@router.post("/editor/{slug}")
async def change(visit: OwnVisitOf, slug: SlugOf, form: Posted) -> Response:
    """Publish one's own article anew."""
    me = visit.me
    try:
        # An editor without tags sends no field of that name; it means "no tags", not "leave them".
        wanted = form.read(ArticleChange, tagList=form.fields.get("tagList", []))
        article = await articles.change(visit.db, me, slug, wanted)
    except (FormError, ConduitError) as refused:
        await articles.own(visit.db, me, slug)
        return _again(visit, form, refused, slug=slug)
    return see(f"/article/{segment(article.slug)}")


@router.post("/article/{slug}/delete")
async def remove(visit: OwnVisitOf, slug: SlugOf) -> Response:
    """Delete one's own article; a moderator anybody's."""
    await articles.remove(visit.db, visit.remover(WRITE, ARTICLES_DELETE), slug)
    return see("/")


@router.post("/article/{slug}/favorite")
async def favorite(visit: OwnVisitOf, slug: SlugOf, form: Posted) -> Response:
    """Make an article a favourite."""
    back = form.next or f"/article/{segment(slug)}"
    found = await articles.favorite(visit.db, visit.me, slug)
    return done(visit, back, {"favorited": True, "favoritesCount": found.favorites_count})


@router.post("/article/{slug}/unfavorite")
async def unfavorite(visit: OwnVisitOf, slug: SlugOf, form: Posted) -> Response:
    """Make an article a favourite no more."""
    back = form.next or f"/article/{segment(slug)}"
    found = await articles.unfavorite(visit.db, visit.me, slug)
    return done(visit, back, {"favorited": False, "favoritesCount": found.favorites_count})


@router.post("/article/{slug}/comments", dependencies=[limits.COMMENT])
async def comment(visit: OwnVisitOf, slug: SlugOf, form: Posted) -> Response:
    """Comment on an article."""
    me = visit.me
    try:
        said = await comments.create(visit.db, me, slug, form.read(NewComment))
    except (FormError, ConduitError) as refused:
        wrong = problems(refused)
        if visit.wants_json:
            raise
        return await article_page(visit, slug, status=refused.status, problems=wrong, given={"body": form.text("body")})
    shown = {"id": said.id, "body": said.body, "createdAt": machine_time(said.created_at), "day": day(said.created_at)}
    return done(visit, f"/article/{segment(slug)}#comment-{said.id}", shown, 201)


@router.post("/article/{slug}/comments/{comment_id}/delete")
async def remove_comment(visit: OwnVisitOf, slug: SlugOf, comment_id: CommentId) -> Response:
    """Delete one's own comment; a moderator anybody's."""
    back = f"/article/{segment(slug)}#comments"
    await comments.remove(visit.db, visit.remover(COMMENT, COMMENTS_DELETE), slug, comment_id)
    return done(visit, back, {"deleted": comment_id})


@router.post("/profile/{username}/follow")
async def follow(visit: OwnVisitOf, username: NameOf, form: Posted) -> Response:
    """Follow a person."""
    back = form.next or f"/profile/{segment(username)}"
    await people.follow(visit.db, visit.me, username)
    return done(visit, back, {"following": True})


@router.post("/profile/{username}/unfollow")
async def unfollow(visit: OwnVisitOf, username: NameOf, form: Posted) -> Response:
    """Follow a person no more."""
    back = form.next or f"/profile/{segment(username)}"
    await people.unfollow(visit.db, visit.me, username)
    return done(visit, back, {"following": False})


def _again(visit: OwnVisit, form: Form, refused: FormError | ConduitError, *, slug: str) -> Response:
    return show(visit, "editor.html", status=refused.status, slug=slug, given={**_EMPTY, **form.given()}, problems=problems(refused))
