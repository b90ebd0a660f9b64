"""Sign-up, sign-in, sign-out and settings."""

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Response

from examples.conduit import limits
from examples.conduit.errors import ConduitError
from examples.conduit.models import User
from examples.conduit.parts import Parts, PartsOf
from examples.conduit.schemas import NewUser, SignIn, UserChange
from examples.conduit.services import people
from examples.conduit.site.addresses import same_site, segment
from examples.conduit.site.answers import see, show
from examples.conduit.site.forms import Form, FormError, Posted, problems
from examples.conduit.site.reading import READ
from examples.conduit.site.visit import Visit, VisitOf, enter, remember

router = APIRouter()
_PASSWORDS = ("password", "currentPassword")


@router.api_route("/login", methods=READ)
async def sign_in_form(visit: VisitOf, next: str = "") -> Response:  # noqa: A002  # the word on the wire
    """Show the sign-in form."""
    return _entrance(visit, "sign_in.html", same_site(next))


@router.post("/login", dependencies=[limits.sign_in("email")])
async def sign_in(visit: VisitOf, form: Posted, parts: PartsOf) -> Response:
    """Sign in."""
    try:
        user = await people.authenticate(visit.db, parts.passwords, form.read(SignIn))
    except (FormError, ConduitError) as refused:
        return _entrance(visit, "sign_in.html", form.next or "/", form, refused)
    enter(visit.session, user)
    return see(form.next or "/")


@router.api_route("/register", methods=READ)
async def sign_up_form(visit: VisitOf, next: str = "") -> Response:  # noqa: A002  # the word on the wire
    """Show the sign-up form."""
    return _entrance(visit, "sign_up.html", same_site(next))


@router.post("/register", dependencies=[limits.SIGN_UP])
async def sign_up(visit: VisitOf, form: Posted, parts: PartsOf) -> Response:
    """Sign up, and in."""
    allow_common = parts.settings.insecure_allow_common_passwords
    try:
        user = await people.register(visit.db, parts.passwords, form.read(NewUser), allow_common=allow_common)
    except (FormError, ConduitError) as refused:
        return _entrance(visit, "sign_up.html", form.next or "/", form, refused)
    enter(visit.session, user)
    return see(form.next or "/")


@router.post("/logout")
async def sign_out(visit: VisitOf) -> Response:
    """Sign out."""
    visit.session.sign_out()
    return see("/")


@router.api_route("/settings", methods=READ)
async def settings(visit: VisitOf) -> Response:
    """Show one's own settings."""
    me = visit.me()
    return show(visit, "settings.html", given={"image": me.image or "", "username": me.username, "bio": me.bio or "", "email": me.email})


@router.post("/settings", dependencies=[limits.ACCOUNT])
async def change_settings(visit: VisitOf, form: Posted, parts: PartsOf) -> Response:
    """Change one's own settings. Who changes email or password shows the present password: a session alone must not be enough to
    take an account over (ASVS 5.0 V6.2.3)."""
    me = visit.me("/settings")
    sent = form.without(*_PASSWORDS) if not form.text("password") else form.without("currentPassword")
    try:
        wanted = sent.read(UserChange)
        await _prove(visit, parts, me, wanted, form.text("currentPassword"))
        allow_common = parts.settings.insecure_allow_common_passwords
        user = await people.change(visit.db, parts.passwords, me, wanted, allow_common=allow_common)
    except (FormError, ConduitError) as refused:
        given = {"image": "", "username": "", "bio": "", "email": "", **form.given()}
        return show(visit, "settings.html", status=refused.status, given=given, problems=problems(refused))
    if "password" in wanted.model_fields_set:
        visit.session.revoke_others()
        remember(visit.session, user)
    return see(f"/profile/{segment(user.username)}")


async def _prove(visit: Visit, parts: Parts, me: User, wanted: UserChange, shown: str) -> None:
    new = wanted.changes()
    if "password" not in new and people.key_of(new.get("email", me.email)) == me.email_key:
        return
    if not shown:
        raise FormError({"currentPassword": ["is needed to change email or password"]})
    attempt = Form({"email": me.email, "password": shown}).read(SignIn)
    await visit.db.commit()  # gives the connection back: hashing takes long
    if not await parts.passwords.verify(me.password_hash, attempt.password):
        raise FormError({"currentPassword": ["is wrong"]})


def _entrance(
    visit: Visit, template: str, back: str, form: Form | None = None, refused: FormError | ConduitError | None = None
) -> Response:
    """Return the sign-in or sign-up page; who is signed in already goes on."""
    if visit.viewer is not None:
        return see(back)
    onward = "" if back == "/" else f"?next={quote(back, safe='')}"
    given: dict[str, Any] = {"username": "", "email": "", **(form.given() if form else {})}
    wrong = problems(refused) if refused else None
    return show(visit, template, status=refused.status if refused else 200, given=given, problems=wrong, next=back, onward=onward)
