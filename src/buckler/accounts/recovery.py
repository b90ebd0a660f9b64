"""Recovery codes, for the day on which every other second factor is lost: ten, shown once, each of which works once.

A code is 120 random bits, in six groups of four characters. Only its SHA-256 is kept: from 112 bits on that is enough (ASVS 5.0 V6.5.2),
since nobody tries 2^112 codes against a copied table. Deliberately not shorter codes under a slow hash: each try, right or wrong, would
cost up to ten of them, and a code is copied and pasted, or typed once in years. The hash covers the person's id, so that a row that is
moved to another person is no code of theirs.
"""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select

from buckler.accounts import factors
from buckler.accounts.hold import hold
from buckler.accounts.problems import AccountError, Problem
from buckler.accounts.tables import RecoveryCode

if TYPE_CHECKING:
    from buckler.accounts.tables import Person
    from buckler.accounts.visit import Visit

NOTHING_TO_RECOVER = Problem(
    "account.nothing_to_recover",
    409,
    "There is no second factor yet.",
    "Add a passkey or an authenticator app first; then make recovery codes.",
)
CODES = 10  # as many as a person keeps on one sheet of paper
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no I, L, O, which are read as digits, and no U
_CHARS, _GROUP = 24, 4  # of 5 bits each
_MAX_TYPED = 64
_READ_AS = str.maketrans("ILO", "110")


async def make(visit: Visit, person: Person) -> list[str]:
    """Return ten new codes, to be shown now and never again; the old ones work no more. Commits.

    Raises `AccountError` unless the sign-in is fresh and there is a second factor that a code can stand in for.
    """
    factors.may_add(visit, person)
    await hold(visit, person.id)  # of two that make codes at once, the second one's remain
    if not (await factors.of(visit, person)).second_factor:
        raise AccountError(NOTHING_TO_RECOVER)
    await visit.db.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person.id))
    codes = [_new() for _ in range(CODES)]
    visit.db.add_all(RecoveryCode(person_id=person.id, digest=_digest(person, code), created_at=visit.now) for code in codes)
    await visit.db.flush()
    visit.record("recovery_made", person)
    await factors.added(visit, person, "recovery", "")
    await visit.commit()
    return codes


async def spend(visit: Visit, person: Person, code: str) -> bool:
    """Whether this is one of the codes that are left; it is then gone: of many that show it at once, one wins. The caller commits, and
    has counted the attempt before. Spaces, dashes and case do not matter."""
    if len(code) > _MAX_TYPED:
        return False
    gone = await visit.db.execute(
        delete(RecoveryCode)
        .where(RecoveryCode.person_id == person.id, RecoveryCode.digest == _digest(person, code))
        .returning(RecoveryCode.person_id)
    )
    if gone.first() is None:
        return False
    remain = await left(visit, person)
    visit.record("recovery_used", person, f"{remain} left")
    visit.post("recovery_used", person, left=str(remain), **factors.circumstances(visit))
    return True


async def left(visit: Visit, person: Person) -> int:
    """Return how many codes have not been used."""
    return await visit.db.scalar(select(func.count()).select_from(RecoveryCode).where(RecoveryCode.person_id == person.id)) or 0


def _new() -> str:
    chars = "".join(secrets.choice(_ALPHABET) for _ in range(_CHARS))
    return "-".join(chars[at : at + _GROUP] for at in range(0, _CHARS, _GROUP))


def _digest(person: Person, code: str) -> bytes:
    """Of the one spelling of all that people type for a code."""
    plain = unicodedata.normalize("NFKC", code).upper().translate(_READ_AS)
    kept = "".join(char for char in plain if char in _ALPHABET)
    return hashlib.sha256(person.id.bytes + kept.encode()).digest()
