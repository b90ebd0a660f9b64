"""Signing up. Until the address is confirmed there is no account, only a ticket that remembers what was asked for.

So nothing can be squatted, and nothing prepared for the true owner of an address to walk into: no password, no passkey, no session of
somebody else's is waiting there (the "pre-hijacking" class). Who asks for an address that has an account is answered like anybody
else, and its owner is told by mail; both cost one password hash, one ticket and one letter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy.exc import IntegrityError

from buckler.accounts import passkeys, people, throttle, tickets
from buckler.accounts.addresses import address, email_key
from buckler.accounts.passwords import judge
from buckler.accounts.problems import AccountError, Problem
from buckler.accounts.profile import fitting
from buckler.accounts.providers import links
from buckler.accounts.signin import WRONG, arrive
from buckler.accounts.tables import Person

if TYPE_CHECKING:
    from collections.abc import Mapping

    from buckler.accounts.proof import SignedIn
    from buckler.accounts.providers import Claimed
    from buckler.accounts.visit import Visit

NOTHING = Problem("account.nothing_to_prove", 422, "Choose a password, or make a passkey.", "One of them is needed to sign in later.")
TAKEN = Problem("account.email_taken", 409, "There is an account with this e-mail address.", "Sign in, or choose a new password.")
OTHER_BROWSER = Problem(
    "account.other_browser", 403, "You began in another browser.", "Open the link in the browser in which you made the passkey."
)
UNCONFIRMED_THERE = Problem(
    "account.unconfirmed_there", 403, "The other site has not confirmed your e-mail address.", "Confirm it there, or sign up by mail here."
)

PURPOSE = "sign_up"
LIVES_S = 24 * 3600.0
_PENDING = "account.pending"


class Opened(NamedTuple):
    """What the page behind the link needs to know. `asks_password`: another browser than the one in which it began."""

    email: str
    asks_password: bool
    profile: dict[str, str]


async def begin(
    visit: Visit, email: str, password: str | None, passkey: Any = None, profile: Mapping[str, str] | None = None, *, language: str = "en"
) -> None:
    """Send a link to `email`; with it comes the account. Raises `AccountError` for what can be judged without looking anybody up."""
    accounts = visit.accounts
    await throttle.admit(visit, "sign_up", email)
    email, given = address(email), fitting(accounts.profile.fields, profile or {})
    kept: dict[str, Any] = {"email": email, "profile": given, "language": language}
    if password:
        await judge(accounts.passwords, password, own=[email, accounts.name, *given.values()], site=visit.site)
    elif passkey is None:
        raise AccountError(NOTHING, "password")
    await accounts.profile.check(visit, given)
    if password:
        kept["password"] = await accounts.hasher.hash(password)
    if passkey is not None:
        kept["passkey"] = (await passkeys.check_sign_up(visit, email, passkey)).as_json()
    person = await people.by_email(visit, email)
    if person is None:
        token = await tickets.issue(visit, PURPOSE, LIVES_S, **kept)
        visit.post_to("verify", email, language, link=visit.link(f"{accounts.paths.verify}?token={token}"))
    else:  # the same work, and a way in for an owner who forgot that there is an account
        token = await tickets.issue(visit, "reset", LIVES_S, person.id)
        visit.post("already_registered", person, link=visit.link(f"{accounts.paths.reset_new}?token={token}"))
    visit.session[_PENDING] = tickets.digest_of(token).hex()
    visit.record("sign_up_asked")
    await visit.commit()


async def opened(visit: Visit, token: str) -> Opened:
    """Return what the link is about, and use nothing up: programs that scan mails open links. Raises `AccountError` 410."""
    _, kept = await tickets.look(visit, PURPOSE, token)
    return Opened(kept["email"], "password" in kept and not _began_here(visit, token), kept["profile"])


async def finish(visit: Visit, token: str, password: str = "", profile: Mapping[str, str] | None = None) -> SignedIn:
    """Make the account, and sign in. In another browser than the one in which it began, only who knows the password may: the owner of
    a mailbox must not be talked into confirming what somebody else has set up. `profile` is what is said otherwise by now. Raises
    `AccountError`."""
    _, kept = await tickets.look(visit, PURPOSE, token)
    if not _began_here(visit, token):
        if "password" not in kept:
            raise AccountError(OTHER_BROWSER)
        await throttle.admit(visit, "page", kept["email"])
        if not await visit.accounts.hasher.verify(kept["password"], password):
            raise AccountError(WRONG, "password")
    given = fitting(visit.accounts.profile.fields, {**kept["profile"], **(profile or {})})
    await visit.accounts.profile.check(visit, given)  # before the ticket is spent: a name may have been taken meanwhile
    await tickets.redeem(visit, PURPOSE, token)
    new = passkeys.NewPasskey.from_json(kept["passkey"]) if "passkey" in kept else None
    person_id = UUID(new.person_id) if new else None  # the authenticator was told it
    person = await make(visit, New(kept["email"], kept.get("password"), kept["language"], verified=True, person_id=person_id), given)
    if new:
        await passkeys.keep(visit, person, new)
    return await arrive(visit, person, ["passkey" if new else "password"])


async def with_claimed(visit: Visit, claimed: Claimed, profile: Mapping[str, str], *, language: str = "en") -> SignedIn:
    """Make an account for somebody whom another provider vouches for, and whose address it has confirmed. Raises `AccountError`."""
    if not claimed.email_verified:
        raise AccountError(UNCONFIRMED_THERE)
    await throttle.admit(visit, "sign_up", claimed.email)
    email, given = address(claimed.email), fitting(visit.accounts.profile.fields, profile)
    await visit.accounts.profile.check(visit, given)
    person = await make(visit, New(email, language=language, verified=True), given)
    await links.first(visit, person, claimed)
    return await arrive(visit, person, ["provider"])


class New(NamedTuple):
    """Who is to be made. `password_hash` None: nobody signs in with a password. `person_id` None: a new one.

    `verified=False` is for applications whose own interface tells who is registered: nobody signs in to such an account with a password
    until the address is confirmed (see `verify`).
    """

    email: str
    password_hash: str | None = None
    language: str = "en"
    verified: bool = False
    person_id: UUID | None = None


async def make(visit: Visit, new: New, profile: Mapping[str, str]) -> Person:
    """Write a new person and their profile. The caller commits. Raises `AccountError` 409 when the address is taken."""
    now = visit.now
    person = Person(id=new.person_id or uuid4(), email=new.email, email_key=email_key(new.email), language=new.language, created_at=now)
    person.password_hash, person.password_changed_at = new.password_hash, now if new.password_hash else None
    person.email_verified_at = now if new.verified else None
    visit.db.add(person)
    try:
        await visit.db.flush()
    except IntegrityError:
        await visit.db.rollback()
        raise AccountError(TAKEN, "email") from None
    await visit.accounts.profile.make(visit, person, profile)
    visit.record("signed_up", person)
    return person


def _began_here(visit: Visit, token: str) -> bool:
    return bool(visit.session.get(_PENDING) == tickets.digest_of(token).hex())
