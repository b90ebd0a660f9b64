"""The settings of a profile. What somebody signs in with is on Buckler's own pages, under Security."""

from fastapi import APIRouter, Response

from examples.conduit import limits
from examples.conduit.errors import ConduitError
from examples.conduit.schemas import ProfileChange
from examples.conduit.services import people
from examples.conduit.site.addresses import segment
from examples.conduit.site.answers import see, show
from examples.conduit.site.forms import FormError, Posted, problems
from examples.conduit.site.reading import READ
from examples.conduit.site.visit import OwnVisitOf

router = APIRouter()


@router.api_route("/settings", methods=READ)
async def settings(visit: OwnVisitOf) -> Response:
    """Show one's own settings."""
    me = visit.me
    return show(visit, "settings.html", given={"image": me.image or "", "username": me.username, "bio": me.bio or ""})


@router.post("/settings", dependencies=[limits.ACCOUNT])
async def change_settings(visit: OwnVisitOf, form: Posted) -> Response:
    """Change one's own settings."""
    try:
        await people.change(visit.db, visit.me, form.read(ProfileChange))
        await visit.db.commit()
    except (FormError, ConduitError) as refused:
        given = {"image": "", "username": "", "bio": "", **form.given()}
        return show(visit, "settings.html", status=refused.status, given=given, problems=problems(refused))
    return see(f"/profile/{segment(visit.me.username)}")
