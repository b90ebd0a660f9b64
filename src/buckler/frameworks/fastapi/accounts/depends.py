"""Who calls: dependencies that hand a route proof of a person, or refuse. A route without any is what `routes_without_rule` finds.

The header `Authorization: Bearer …` counts before the session, and a token that is not valid refuses: nobody falls back to being a
stranger, or somebody else, unnoticed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from uuid import UUID

from fastapi import Depends
from fastapi.requests import HTTPConnection

from buckler.accounts import devices, people, roles, tokens
from buckler.accounts import fresh as freshness
from buckler.accounts.problems import AccountError, Problem
from buckler.accounts.proof import SignedIn, prove
from buckler.accounts.tables import Person
from buckler.accounts.visit import Visit
from buckler.core.options import need
from buckler.frameworks.starlette import guarded_request

if TYPE_CHECKING:
    from collections.abc import Callable

    from buckler.accounts.accounts import Accounts

T = TypeVar("T", bound="Callable[..., Any]")

NOBODY = Problem("account.sign_in_needed", 401, "Please sign in first.", "Sign in, or send a token that is valid.")

NARROW = Problem("account.token_narrow", 403, "The token was made for less than this.", "Use one that is for everything, or sign in.")
BY_SESSION = Problem("account.session_needed", 403, "A token may not do this.", "Sign in, and do it yourself.")

RULE = "__buckler_rule__"
STATE = "buckler_accounts"
_SCHEMES = frozenset({b"bearer", b"token"})  # RFC 6750; the second is what many programs send for a personal token


def accounts_of(connection: HTTPConnection) -> Accounts:
    """Return the accounts of the application that serves this request. Raises RuntimeError where there are none."""
    found: Accounts | None = getattr(connection.app.state, STATE, None)
    if found is None:
        raise RuntimeError("this application has no accounts: call add_accounts(app, accounts)")
    return found


async def visit(connection: HTTPConnection) -> AsyncIterator[Visit]:
    """Lend the unit of work of this request: what was not committed is rolled back. A dependency."""
    accounts = accounts_of(connection)
    async with accounts.database() as db:
        yield Visit(accounts, guarded_request(connection.scope), db)


VisitDep = Annotated[Visit, Depends(visit)]


def rule(name: str) -> Callable[[T], T]:
    """Mark a dependency as one that says who may call."""

    def marked(dependency: T) -> T:
        setattr(dependency, RULE, name)
        return dependency

    return marked


async def proved(visit: VisitDep) -> SignedIn | None:
    """Return proof of who calls, whatever it was made for, or None for a visitor. Raises 401 for a token that is not valid, and 403 for
    somebody who lacks the second factor that the site requires.

    By session it asks no database: who was disabled or deleted has no session any more.
    """
    who = await _identified(visit)
    if who is not None and who.how == "session":
        freshness.need_two(visit)
    return who


async def _identified(visit: Visit) -> SignedIn | None:
    header = visit.request.headers.get(b"authorization")
    if header is not None:
        return await _by_token(visit, header)
    name = visit.session.person if visit.request.session is not None else None  # a visitor without a session stays without one
    try:
        return prove(UUID(name), "session", fresh_s=freshness.age_s(visit)) if name else None
    except ValueError:  # a session from before accounts were used here
        return None


ProvedDep = Annotated[SignedIn | None, Depends(proved)]


@rule("maybe signed in")
async def maybe_signed_in(who: ProvedDep) -> SignedIn | None:
    """Return proof of who calls, or None for a visitor. Raises 401 for a token that is not valid, and 403 for one that was made for some
    things only: this route does not say that it is one of them (`requires` does). A dependency."""
    if who is not None and who.scopes is not None:
        raise AccountError(NARROW)
    return who


async def _by_token(visit: Visit, header: bytes) -> SignedIn:
    scheme, _, text = header.partition(b" ")
    if scheme.lower() not in _SCHEMES:
        raise AccountError(NOBODY)
    return await tokens.owner_of(visit, text.strip().decode("latin-1"))


@rule("signed in")
async def signed_in(who: Annotated[SignedIn | None, Depends(maybe_signed_in)]) -> SignedIn:
    """Return proof of who calls. Raises as `maybe_signed_in`, and 401 for nobody; a browser is sent to the sign-in page. A dependency."""
    if who is None:
        raise AccountError(NOBODY)
    return who


SignedInDep = Annotated[SignedIn, Depends(signed_in)]


@rule("signed in")
async def person(visit: VisitDep, who: SignedInDep) -> Person:
    """Return the row of who calls. Raises 401 for nobody. Two statements, one for a token. A dependency."""
    return await _row(visit, who)


async def _row(visit: Visit, who: SignedIn) -> Person:
    if who.how == "session":
        await devices.seen(visit)  # a device that was ended is out, even if its session took a new id at that moment
    found = await people.by_id(visit, who.person_id)
    if found is None or (who.how == "session" and visit.session.person is None):
        raise AccountError(NOBODY)
    return found


PersonDep = Annotated[Person, Depends(person)]


@rule("signed in here")
async def owner(visit: VisitDep) -> Person:
    """Return the row of who is signed in by session. Raises 403 for a token, whatever it was made for: a program that acts for somebody
    does not change how they sign in. Somebody who lacks a required second factor gets in, to add it. A dependency."""
    who = await _identified(visit)
    if who is None:
        raise AccountError(NOBODY)
    if who.how != "session":
        raise AccountError(BY_SESSION)
    return await _row(visit, who)


OwnerDep = Annotated[Person, Depends(owner)]


@rule("fresh here")
async def fresh_owner(visit: VisitDep, person: OwnerDep) -> Person:
    """The same, freshly. For pages by which somebody changes how they sign in; everything else asks for `fresh`. A dependency."""
    freshness.need(visit, person)
    return person


def fresh(minutes: float = freshness.MINUTES) -> Any:
    """Ask for a person who proved within `minutes` who they are. A token is never fresh.

    A browser is sent to the page that asks for the proof, and comes back. `who: SignedIn = fresh(minutes=10)`, or in `dependencies`.
    """
    need(minutes > 0, "fresh.minutes", minutes, "give a number over zero")

    @rule("fresh")
    async def freshly(who: SignedInDep) -> SignedIn:
        if who.fresh_s > minutes * 60:
            raise AccountError(freshness.NOT_FRESH)
        return who

    return Depends(freshly)


def requires(*permissions: str) -> Any:
    """Let in only who may do all of `permissions` by a role; everybody else gets 403: `dependencies=[requires("articles:delete")]`.

    With a token, it must have been made for them too. One statement a request. Raises `ConfigError` for what is no permission.
    """
    need(permissions, "requires", permissions, 'give at least one permission, as in "articles:delete"')
    for permission in permissions:
        roles.permission(permission)

    @rule("requires")
    async def allowed(visit: VisitDep, who: ProvedDep) -> SignedIn:
        if who is None:
            raise AccountError(NOBODY)
        for permission in permissions:
            await roles.require(visit, who, permission)
        return who

    return Depends(allowed)


def accepts(*scopes: str) -> Any:
    """Let anybody call, as `maybe_signed_in`, and with a token that was made for some things only if one of `scopes` is among them.

    `who: Annotated[SignedIn | None, accepts("articles:read")]`. Asks the database nothing: what the person may do is the route's own
    question (`roles.may`), where there is one. Raises `ConfigError` for what is no permission.
    """
    need(scopes, "accepts", scopes, 'give at least one scope, as in "articles:read"')
    for scope in scopes:
        roles.permission(scope)

    @rule("accepts")
    async def accepted(who: ProvedDep) -> SignedIn | None:
        if who is not None and not any(map(who.may_use, scopes)):
            raise AccountError(roles.SCOPE_MISSING, scope=scopes[0])
        return who

    return Depends(accepted)


def public(*, because: str) -> Any:
    """Say that anybody may call a route: `dependencies=[public(because="it is the front page")]`. Changes nothing but the record."""
    need(isinstance(because, str) and because.strip(), "public.because", because, "say in a sentence why it is right here")

    @rule("public")
    async def anybody() -> None:
        return

    return Depends(anybody)
