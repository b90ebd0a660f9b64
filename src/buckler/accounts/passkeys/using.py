"""Answers of passkeys and security keys: to sign in, as a second factor, to prove oneself anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from sqlalchemy import and_, literal, or_, select, update

from buckler.accounts.passkeys import ceremony, challenges
from buckler.accounts.passkeys.ceremony import REFUSED
from buckler.accounts.problems import AccountError, Problem
from buckler.accounts.tables import Passkey, Person

if TYPE_CHECKING:
    from collections.abc import Sequence

    from buckler.accounts.passkeys.ceremony import Presented
    from buckler.accounts.visit import Visit

NONE = Problem("account.passkey_none", 409, "There is no passkey that could do this.", "Use another way.")
_SIGN_IN, _FRESH = "sign_in", "fresh"
_PARTS = ("authenticatorData", "signature")


async def options_to_sign_in(visit: Visit) -> dict[str, Any]:
    """Return the options for any passkey of this site, for the button as well as for the browser's own suggestion in the form
    (`mediation: "conditional"`). They tell nothing about anybody."""
    return ceremony.asking(visit.request, await challenges.make(visit, _SIGN_IN, ""), verified=True, known=())


async def check_sign_in(visit: Visit, response: object) -> tuple[Person, Passkey]:
    """Return who signs in by which passkey, which has verified its owner: both factors at once. The caller commits. Raises `AccountError`,
    the same whatever is wrong: a passkey that is unknown, of somebody disabled, or a security key."""
    given = ceremony.presented(response, *_PARTS)
    await challenges.redeem(visit, _SIGN_IN, "", given.challenge)
    found = await visit.db.execute(
        select(Person, Passkey)
        .join(Passkey, Passkey.person_id == Person.id)
        .where(Passkey.credential_id == given.credential_id, Passkey.signs_in, Person.disabled_at.is_(None))
    )
    row = found.one_or_none()
    if row is None or given.user != row[0].id.bytes:
        _refuse(visit, _SIGN_IN)
    person, passkey = row
    await _take(visit, person, passkey, given, _SIGN_IN)
    return person, passkey


async def options_to_check(visit: Visit, person: Person, purpose: str) -> dict[str, Any]:
    """Return the options for one of `person`'s own keys. `purpose`: `second`, after a password, with any of them; `fresh`, with one that
    verifies its owner. Raises `AccountError` 409 where there is none."""
    known = await _usable(visit, person, purpose)
    if not known:
        raise AccountError(NONE)
    challenge = await challenges.make(visit, purpose, str(person.id))
    return ceremony.asking(visit.request, challenge, verified=purpose == _FRESH, known=known)


async def check(visit: Visit, person: Person, purpose: str, response: object) -> Passkey:
    """Return the key of `person` that has answered. The caller commits. Raises `AccountError`: also for the key of somebody else, and for
    an answer to a challenge of another purpose or of another person."""
    given = ceremony.presented(response, *_PARTS)
    await challenges.redeem(visit, purpose, str(person.id), given.challenge)
    passkey = next((key for key in await _usable(visit, person, purpose) if key.credential_id == given.credential_id), None)
    if passkey is None or given.user not in {None, person.id.bytes}:
        _refuse(visit, purpose)
    await _take(visit, person, passkey, given, purpose)
    return passkey


async def _usable(visit: Visit, person: Person, purpose: str) -> Sequence[Passkey]:
    asked = select(Passkey).where(Passkey.person_id == person.id).order_by(Passkey.created_at, Passkey.id)
    return (await visit.db.scalars(asked.where(Passkey.signs_in) if purpose == _FRESH else asked)).all()


async def _take(visit: Visit, person: Person, passkey: Passkey, given: Presented, purpose: str) -> None:
    """Verify the answer, and move the counter. A counter that has not moved means that the key was copied: it is refused, and that is
    written down at once."""
    try:
        answer = ceremony.answered(visit.request, given, passkey, verified=purpose in {_SIGN_IN, _FRESH})
    except AccountError:
        _refuse(visit, purpose)
    newer = or_(
        Passkey.sign_count < answer.sign_count, and_(Passkey.sign_count == 0, literal(answer.sign_count) == 0)
    )  # 0: it does not count
    moved = await visit.db.execute(
        update(Passkey)
        .where(Passkey.id == passkey.id, newer)
        .values(sign_count=answer.sign_count, backed_up=answer.backed_up, used_at=visit.now)
        .returning(Passkey.id),
        execution_options={"synchronize_session": False},
    )
    if moved.first() is None:
        visit.record("passkey_copied", person, passkey.name)
        await visit.commit()
        raise AccountError(REFUSED)
    await visit.db.refresh(passkey)


def _refuse(visit: Visit, purpose: str) -> NoReturn:
    visit.record("passkey_refused", detail=purpose)
    visit.tell()
    raise AccountError(REFUSED)
