"""The pages of personal tokens: made for a program, shown once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import Depends, Response

from buckler.accounts import fresh
from buckler.accounts.problems import AccountError, Problem
from buckler.accounts.tokens import NEVER, personal
from buckler.accounts.tokens.problems import TOKEN_UNKNOWN
from buckler.frameworks.fastapi.accounts.depends import OwnerDep, fresh_owner
from buckler.frameworks.fastapi.accounts.pages.form import Form, Posted
from buckler.frameworks.fastapi.accounts.pages.page import Page, PageDep
from buckler.frameworks.fastapi.accounts.pages.security.things import Things

if TYPE_CHECKING:
    from uuid import UUID

    from fastapi import APIRouter

    from buckler.accounts.accounts import Accounts
    from buckler.accounts.tables import Person
    from buckler.accounts.visit import Visit

NO_SCOPE = Problem("account.scope_none", 422, "The token could do nothing.", "Choose at least one thing that it may do.")
_DAYS = (7, 30, 60, 90, 365)
_SCOPE = "scope."  # before the name of each box


async def _names(visit: Visit, person: Person) -> dict[UUID, str]:
    return {item.id: item.name for item in await personal.listed(visit, person)}


async def _revoke(visit: Visit, person: Person, token_id: UUID) -> None:
    await personal.revoke(visit, person, token_id)
    await visit.commit()


_THINGS = Things("tokens", _names, lambda: AccountError(TOKEN_UNKNOWN), _revoke, needs_fresh=False)


def add(router: APIRouter, accounts: Accounts) -> None:
    """Add the routes of this file."""
    path = f"{accounts.paths.security}/tokens"
    router.get(path)(show)
    router.get(f"{path}/new", dependencies=[Depends(fresh_owner)])(ask)
    router.post(f"{path}/new")(make)
    _THINGS.add(router, accounts.paths.security)


async def show(page: PageDep, person: OwnerDep) -> Response:
    """Those that there are, without the tokens themselves."""
    return page.show("security_tokens", items=await personal.listed(page.visit, person), now=page.visit.now)


async def ask(page: PageDep) -> Response:
    """What it is for, and how long it lives."""
    return page.show("security_token_new", given={"days": str(page.accounts.tokens.days)}, **_choice(page))


async def make(page: PageDep, person: OwnerDep, form: Posted) -> Response:
    """Make it, and show it in the answer to this very request: only its hash is kept."""
    try:
        fresh.need(page.visit, person)
        text, row = await personal.make(page.visit, person, form.text("name"), _scopes(page, form), _days(form))
    except AccountError as error:
        return page.again("security_token_new", error, form, **_choice(page))
    await page.visit.commit()
    return page.show("security_token_made", token=text, item=row)


def _choice(page: Page) -> dict[str, Any]:
    """The days that the application allows, its own number among them, in words; and the scopes that it offers."""
    options = page.accounts.tokens
    most = options.max_days
    numbers = [str(number) for number in sorted({*_DAYS, options.days}) if most is None or number <= most]
    choices = [(number, page.say("pages.security_token_new.for_days", count=number)) for number in numbers]
    if most is None:
        choices.append((NEVER, page.say("pages.security_token_new.for_ever")))
    return {"choices": choices, "scopes": options.scopes}


def _scopes(page: Page, form: Form) -> list[str]:
    """The boxes that are ticked; where the application offers no list, what was typed. Raises `AccountError` 422 for none."""
    offered = page.accounts.tokens.scopes
    ticked = [scope for scope in offered if form.is_on(_SCOPE + scope)]
    chosen = ticked if offered else form.text("scopes").replace(",", " ").split()
    if not chosen:
        raise AccountError(NO_SCOPE, "scopes")
    return chosen


def _days(form: Form) -> Any:
    """The number that was chosen. What is none is 0, which no token lives."""
    text = form.text("days")
    return text if text == NEVER else int(text) if text.isdecimal() and text.isascii() and len(text) < 6 else 0
