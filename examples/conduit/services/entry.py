"""Registering and signing in by the RealWorld API, on Buckler's acts.

The contract knows nothing of mail: who registers is in at once, and is told that an address is taken. So it tells who has an account,
which the site's own sign-up does not; limits make asking slow. A person who came this way can do everything by token, and signs in on
the site when the address is confirmed by the link that is sent.

The contract also lets a token change address and password, and a token may be stolen. Here it can do so as long as the address is not
confirmed, when the account is a program's and there is nothing else to lose; from then on both are changed on the site alone, by who has
shown just now who they are. A second factor cannot be asked for here either: who has one makes a personal token on the site.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from buckler.accounts import AccountError, Person, factors, password, signin, signup, throttle, tickets, verify
from buckler.accounts.addresses import email_key
from buckler.accounts.hold import hold, hold_as_read
from buckler.accounts.passwords import judge
from buckler.accounts.tokens import refresh
from examples.conduit.errors import ConduitError, not_found, taken
from examples.conduit.models import User
from examples.conduit.services import people

if TYPE_CHECKING:
    from buckler.accounts import SignedIn, Visit
    from examples.conduit.schemas import NewUser, SignIn, UserChange

_PROGRAM = "RealWorld API"  # what the list of programs under Security calls it
_SECOND = "is needed to sign in to this account: make a token on the site, under Settings, Security"
_BY_HAND = "cannot be changed by token: change it on the site, under Settings, Security"


class Entered(NamedTuple):
    """Who it is, what others see of them, and the token for the next hour."""

    person: Person
    user: User
    token: str


async def register(visit: Visit, new: NewUser) -> Entered:
    """Make an account and send a link to its address. Raises `ConduitError` 409 and `AccountError`."""
    accounts = visit.accounts
    await throttle.admit(visit, "sign_up", new.email)
    await _refuse_taken(visit, new)
    await visit.db.commit()  # gives the connection back: hashing takes long
    await judge(accounts.passwords, new.password, own=[new.email, new.username, accounts.name], site=visit.site)
    hashed = await accounts.hasher.hash(new.password)
    person = await signup.make(visit, signup.New(new.email, hashed), {"username": new.username})
    await verify.begin(visit, person)
    return await _enter(visit, person)


async def sign_in(visit: Visit, attempt: SignIn) -> Entered:
    """Return who signs in. Raises `ConduitError` 403 where a password is not enough, and `AccountError`."""
    person = await signin.check_password(visit, attempt.email, attempt.password, channel="api")
    if (await factors.of(visit, person)).second_factor:
        raise ConduitError(403, "secondFactor", _SECOND)
    if not await hold_as_read(visit, person):  # another password since this one was looked at
        raise AccountError(signin.WRONG)
    entered = await _enter(visit, person)
    await throttle.succeeded(visit, person.email)
    return entered


async def whose(visit: Visit, who: SignedIn) -> tuple[Person, User]:
    """Return the rows of somebody who is signed in. Raises `ConduitError` 404 for somebody who is gone."""
    asked = select(Person, User).join(User, User.person_id == Person.id).where(Person.id == who.person_id, Person.disabled_at.is_(None))
    row = (await visit.db.execute(asked)).first()
    if row is None:
        raise not_found("user")
    return row[0], row[1]


async def change(visit: Visit, who: SignedIn, wanted: UserChange) -> tuple[Person, User]:
    """Change one's own account; `who` stays signed in. Raises `ConduitError` and `AccountError`."""
    person, user = await whose(visit, who)
    moves = email_key(wanted.changes().get("email", person.email)) != person.email_key
    secret = wanted.changes().get("password")
    _refuse_by_token(person, who, email=moves, password=secret is not None)
    if moves:
        await throttle.admit(visit, "email", wanted.email)
    hashed = None
    if secret is not None:
        await visit.db.commit()  # as above
        hashed = await password.judged(visit, person, secret)
    if moves or hashed:  # the address may have been confirmed meanwhile
        await hold(visit, person.id)
        await visit.db.refresh(person)
        _refuse_by_token(person, who, email=moves, password=hashed is not None)
    await people.change(visit.db, user, wanted)
    if moves:
        await _move(visit, person, wanted.email)
    if hashed is not None:
        await password.replace(visit, person, hashed, keep=UUID(who.token_id))
    await visit.commit()
    return person, user


def _refuse_by_token(person: Person, who: SignedIn, **changes: bool) -> None:
    """Raise `ConduitError` 403 where a token must not change what is named."""
    if person.email_verified_at is None and who.how == "access_token":
        return
    for name, is_changed in changes.items():
        if is_changed:
            raise ConduitError(403, name, _BY_HAND)


async def _move(visit: Visit, person: Person, email: str) -> None:
    old, person.email, person.email_key = person.email, email, email_key(email)
    try:
        await visit.db.flush()
    except IntegrityError:
        await visit.db.rollback()
        raise taken("email") from None
    await tickets.end_all(visit, person.id)  # links that went to the old address
    await verify.begin(visit, person)
    visit.post("email_changed", person, old, email=email, **factors.circumstances(visit))
    visit.record("email_changed", person)


async def _enter(visit: Visit, person: Person) -> Entered:
    user = await people.of_person(visit.db, person.id)
    if user is None:
        raise not_found("user")
    pair = await refresh.start(visit, person, _PROGRAM, None)
    await visit.commit()
    return Entered(person, user, pair.access)


async def _refuse_taken(visit: Visit, new: NewUser) -> None:
    """Before the costly hash. Which of the two is told first is the contract's choice: the username."""
    key = people.key_of(new.username)
    if await visit.db.scalar(select(User.id).where(User.username_key == key)) is not None:
        raise taken("username")
    if await visit.db.scalar(select(Person.id).where(Person.email_key == email_key(new.email))) is not None:
        raise taken("email")
