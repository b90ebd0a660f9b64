"""Signing in: every way in ends in `arrive`, and a person with a second factor passes `second` first.

Between the two the visitor is *half* signed in: the session knows whose password was right, and nothing else is different. A half
sign-in expires, is bound to the one session, and ends when anybody signs out there.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from buckler.accounts import browsers, devices, factors, passkeys, people, recovery, throttle, totp, verify
from buckler.accounts.fresh import HOW
from buckler.accounts.hold import hold_as_read
from buckler.accounts.problems import AccountError, Problem
from buckler.accounts.proof import SignedIn, prove
from buckler.accounts.providers import links

if TYPE_CHECKING:
    from collections.abc import Iterator

    from buckler.accounts.providers import Claimed
    from buckler.accounts.tables import Person
    from buckler.accounts.visit import Visit

WRONG = Problem("account.credentials_wrong", 401, "E-mail address or password is wrong.", "Check both, or choose a new password.")
WRONG_FACTOR = Problem("account.factor_wrong", 401, "That was not right.", "Try again with a new code, or in another way.")
HALF_GONE = Problem("account.sign_in_expired", 401, "The sign-in took too long.", "Start again.")
UNVERIFIED = Problem("account.unverified", 403, "Your e-mail address is not confirmed yet.", "Open the link in the mail that we sent you.")
LINK_FIRST = Problem(
    "account.link_first",
    409,
    "There is an account with this e-mail address.",
    "Sign in to it as you always do. Then connect the other account under Security.",
)

HALF = "account.half"
_HALF_LIVES_S = 600.0


class Half(NamedTuple):
    """A sign-in that waits for a second factor. `ways`: totp, passkey, recovery. `first`: how it began."""

    person_id: UUID
    first: str
    ways: list[str]


async def with_password(visit: Visit, email: str, password: str, *, channel: str = "page") -> SignedIn | Half:
    """Sign in by e-mail address and password. Raises `AccountError`: 401, the same for an unknown person as for a wrong password, after
    the same work; 429 when there were too many attempts; 503 when all who hash are busy."""
    visit.open()
    person = await check_password(visit, email, password, channel=channel)
    if person.email_verified_at is None:
        await verify.begin(visit, person)
        await visit.commit()
        raise AccountError(UNVERIFIED)
    return await _second_or_arrive(visit, person, "password")


async def check_password(visit: Visit, email: str, password: str, *, channel: str) -> Person:
    """Return whose password this is, hashed anew where its hash was out of date. Counted first. Raises as `with_password`."""
    hasher = visit.accounts.hasher
    hasher.need_room()
    await throttle.admit(visit, channel, email)
    person = await people.by_email(visit, email)
    await visit.db.commit()  # nothing is written: those who wait for a hash must not hold the connections that other pages need
    kept = person.password_hash if person is not None and person.disabled_at is None else None
    right = await hasher.verify(kept, password)
    if person is None or not right:
        visit.record("sign_in_failed", detail=channel)
        visit.tell()
        raise AccountError(WRONG)
    if kept is not None and hasher.is_outdated(kept):
        with suppress(AccountError):  # all who hash are busy: the next sign-in will do
            person.password_hash = await hasher.hash(password)
    return person


async def with_passkey(visit: Visit, response: Any) -> SignedIn:
    """Sign in by a passkey, which is both factors at once. Raises `AccountError`."""
    visit.open()
    await throttle.admit(visit, "passkey", "")
    person, _ = await passkeys.check_sign_in(visit, response)
    await throttle.admit(visit, "passkey", person.email)  # a person who is locked is locked here too (CVE-2026-9798)
    return await arrive(visit, person, ["passkey"])


async def with_claimed(visit: Visit, claimed: Claimed) -> SignedIn | Half | None:
    """Sign in by an account at another provider. None: there is nobody yet, and `signup.with_claimed` is next.

    Never finds a person by e-mail address: raises `AccountError` 409 for one who has that address (GHSA-g38m-r43w-p2q7), unless the
    provider has not confirmed it: whose it is, is then told to nobody.
    """
    visit.open()
    await throttle.admit(visit, "provider", "")
    person = await links.owner(visit, claimed)
    if person is not None:
        await throttle.admit(visit, "provider", person.email)
        return await _second_or_arrive(visit, person, "provider")
    if claimed.email_verified and await people.by_email(visit, claimed.email) is not None:
        raise AccountError(LINK_FIRST)
    return None


async def half(visit: Visit) -> Half | None:
    """Return the sign-in that waits for its second factor in this browser, or None."""
    kept = visit.session.get(HALF)
    if not isinstance(kept, dict) or kept["until"] <= visit.site.clock.now():
        return None
    return Half(UUID(kept["person"]), kept["first"], kept["ways"])


async def half_person(visit: Visit) -> tuple[Half, Person]:
    """Return the waiting sign-in and whose it is. Raises `AccountError` 401, also when the password that began it was replaced since: no
    session is the person's yet, so that the new password could not end this one."""
    waiting = await half(visit)
    person = await people.by_id(visit, waiting.person_id) if waiting else None
    if waiting is None or person is None or (waiting.first == "password" and _replaced_since(visit, person)):
        raise AccountError(HALF_GONE)
    return waiting, person


def _replaced_since(visit: Visit, person: Person) -> bool:
    """Compares what was read with the hash, not the time: the password may have changed while it was being looked at."""
    return person.password_hash is None or visit.session.get(HALF).get("of") != _age_of_password(person)


def _age_of_password(person: Person) -> str:
    return person.password_changed_at.isoformat() if person.password_changed_at is not None else ""


async def second(visit: Visit, way: str, answer: Any, *, trust: bool = False) -> SignedIn:
    """End a half sign-in by a second factor; with `trust`, this browser is not asked for it again. Raises `AccountError`."""
    waiting, person = await half_person(visit)
    await throttle.admit(visit, "second", person.email)
    if not await check_factor(visit, person, way, answer, purpose="second"):
        visit.record("second_factor_failed", detail=way)
        visit.tell()
        raise AccountError(WRONG_FACTOR, "code")
    if trust:
        await browsers.trust(visit, person)
    return await arrive(visit, person, [waiting.first, way])


async def check_factor(visit: Visit, person: Person, way: str, answer: Any, *, purpose: str) -> bool:
    """Whether `answer` is right for one of the person's second factors; it is then spent."""
    if way == "passkey":
        await passkeys.check(visit, person, purpose, answer)
        return True
    checks = {"totp": totp.check, "recovery": recovery.spend}
    return way in checks and isinstance(answer, str) and await checks[way](visit, person, answer)


async def out(visit: Visit) -> None:
    """Sign out here, half signed in or whole."""
    person = await people.of_session(visit)
    if person is not None:
        await devices.left(visit)
        visit.record("signed_out", person)
    visit.session.sign_out()
    await visit.commit()


async def _second_or_arrive(visit: Visit, person: Person, first: str) -> SignedIn | Half:
    owned = await factors.of(visit, person)
    if not owned.second_factor or await browsers.trusted(visit, person):
        return await arrive(visit, person, [first] if not owned.second_factor else [first, "browser"])
    waiting = Half(person.id, first, owned.second_ways)
    visit.session.sign_out()  # whoever was signed in here before: a half sign-in is nobody's
    visit.session[HALF] = {
        "person": str(person.id),
        "first": first,
        "ways": waiting.ways,
        "of": _age_of_password(person),
        "until": visit.site.clock.now() + _HALF_LIVES_S,
    }
    await visit.commit()  # a hash that was made anew
    return waiting


async def arrive(visit: Visit, person: Person, how: list[str]) -> SignedIn:
    """The one place where somebody becomes signed in by a session. Raises `AccountError` 401 when they were put out, or have another
    password, since their row was read."""
    session = visit.session
    session.pop(HALF, None)
    if not await hold_as_read(visit, person):
        raise AccountError(HALF_GONE)
    with or_out(visit):
        session.sign_in(str(person.id))
        session[HOW] = how
        await devices.arrived(visit, person, how)
        await throttle.succeeded(visit, person.email)
        person.signed_in_at = visit.now
        visit.record("signed_in", person, "+".join(how))
        await visit.commit()
    return prove(person.id, "session", fresh_s=0.0)


@contextmanager
def or_out(visit: Visit) -> Iterator[None]:
    """Sign out again when what belongs to a sign-in cannot be written: the answer that tells of the failure would save the session, with
    a code that was never spent, or of somebody whom there is not."""
    try:
        yield
    except BaseException:
        visit.session.sign_out()
        raise
