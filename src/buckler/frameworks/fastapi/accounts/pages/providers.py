"""To another provider, and back from it: to sign in, to sign up, or to connect an account with one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import Response

from buckler.accounts import fresh, people, providers, signin, signup
from buckler.accounts.problems import AccountError
from buckler.accounts.providers import Claimed, links
from buckler.frameworks.fastapi.accounts.depends import NOBODY, public
from buckler.frameworks.fastapi.accounts.pages.form import Posted
from buckler.frameworks.fastapi.accounts.pages.page import Page, PageDep

if TYPE_CHECKING:
    from fastapi import APIRouter

    from buckler.accounts.accounts import Accounts
    from buckler.accounts.providers.claimed import Why
    from buckler.accounts.tables import Person

_CLAIMED = "account.claimed"
_LIVES_S = 600.0  # to fill in the form


def add(router: APIRouter, accounts: Accounts) -> None:
    """Add the routes of this file."""
    paths, nobody = accounts.paths, public(because="who signs in is nobody yet; connecting an account asks who it is itself")
    router.post(f"{paths.provider}/{{name}}", dependencies=[nobody])(begin)
    router.get(f"{paths.provider}/{{name}}/back", dependencies=[nobody])(back)
    vouched = public(because="only whom a provider has just vouched for gets any further")
    router.get(paths.sign_up_profile, dependencies=[vouched])(show)
    router.post(paths.sign_up_profile, dependencies=[vouched])(finish)


async def begin(page: PageDep, form: Posted, name: str) -> Response:
    """Lead to the provider: by a page that goes on by itself, because `form-action` lets no form end at another site."""
    why: Why = "link" if form.text("why") == "link" else "sign_in"
    try:
        provider = providers.named(page.visit, name)
        if why == "link":
            fresh.need(page.visit, await _here(page))
        url = await providers.begin(page.visit, provider, why, form.next)
    except AccountError as error:
        return _refused(page, error) if error.problem != fresh.NOT_FRESH else page.go(page.paths.confirm, next=form.next)
    return page.private(page.show("provider", url=url, label=provider.label))


async def back(page: PageDep, name: str) -> Response:
    """Go on with what the provider says."""
    visit = page.visit
    try:
        claimed = await providers.finish(visit, providers.named(visit, name), page.request.query_params)
        if claimed.why == "link":
            await links.add(visit, await _here(page), claimed)
            await visit.commit()
            page.tell("pages.provider.linked")
            return page.go(claimed.back)
        end = await signin.with_claimed(visit, claimed)
    except AccountError as error:
        return _refused(page, error)
    if end is None:
        visit.session[_CLAIMED] = {**claimed._asdict(), "until": visit.site.clock.now() + _LIVES_S}
        return page.go(page.paths.sign_up_profile)
    return page.go(page.paths.second, next=claimed.back) if isinstance(end, signin.Half) else page.go(claimed.back)


async def show(page: PageDep) -> Response:
    """What the application asks for besides; and a last look before there is an account."""
    claimed = _waiting(page)
    if claimed is None:
        return page.go(page.paths.sign_in)
    fields = page.accounts.profile.fields
    named = {field.name: claimed.name for field in fields if field.autocomplete in {"name", "nickname"}}
    return page.show("sign_up_profile", fields=fields, email=claimed.email, given=named)


async def finish(page: PageDep, form: Posted) -> Response:
    """Make the account, and lead on as its owner."""
    claimed = _waiting(page)
    if claimed is None:
        return page.go(page.paths.sign_in)
    fields = page.accounts.profile.fields
    try:
        await signup.with_claimed(page.visit, claimed, form.only(field.name for field in fields), language=page.language)
    except AccountError as error:
        return page.again("sign_up_profile", error, form, fields=fields, email=claimed.email)
    page.visit.session.pop(_CLAIMED)
    return page.go(claimed.back)


def _waiting(page: Page) -> Claimed | None:
    """Whom a provider has vouched for in this browser, a moment ago."""
    kept = page.visit.session.get(_CLAIMED)
    if kept is None or kept["until"] <= page.visit.site.clock.now():
        return None
    return Claimed(**{name: value for name, value in kept.items() if name != "until"})


async def _here(page: Page) -> Person:
    person = await people.of_session(page.visit)
    if person is None:
        raise AccountError(NOBODY)
    return person


def _refused(page: Page, error: AccountError) -> Response:
    return page.private(page.show("problem", error=error, to=page.paths.sign_in, label=page.say("pages.problem.sign_in")))
