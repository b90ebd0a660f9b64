"""Sealing anew, all at once, what would otherwise wait until it is next used: the step before an old secret is dropped (docs/keys.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from sqlalchemy import select, update

from buckler.accounts.seal import Seal
from buckler.accounts.tables import Totp
from buckler.core.sign import Keys
from buckler.errors import VerificationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

_TOTP = "account.totp"  # the purpose of `totp`: the only sealed texts that do not expire; tickets live for hours
_ROWS = 500
_FIRST = UUID(int=0)


class Resealed(NamedTuple):
    """How many texts were sealed `anew`, and how many are `unreadable`, because none of the secrets is theirs."""

    anew: int
    unreadable: int


async def reseal(database: async_sessionmaker[AsyncSession], secrets: Sequence[str | bytes]) -> Resealed:
    """Seal every seed of a one-time password with the first of `secrets`. To be run while the site serves; may be run twice.

    500 rows a transaction. A row that changes meanwhile is left as it became. When nothing is unreadable, the other secrets are no longer
    needed for what is at rest.
    """
    seal = Seal(Keys(secrets), _TOTP)
    last, total = _FIRST, Resealed(0, 0)
    while True:
        async with database() as db:
            found = await _some(db, seal, last)
        if found is None:
            return total
        last, done = found
        total = Resealed(total.anew + done.anew, total.unreadable + done.unreadable)


async def _some(db: AsyncSession, seal: Seal, after: UUID) -> tuple[UUID, Resealed] | None:
    """Do the rows that follow `after`; return the last one's id and what was done, or None when there are none."""
    asked = select(Totp.id, Totp.person_id, Totp.sealed_seed).where(Totp.id > after).order_by(Totp.id).limit(_ROWS)
    rows = (await db.execute(asked)).all()
    anew = unreadable = 0
    for row in rows:
        if not seal.is_outdated(row.sealed_seed):
            continue
        try:
            made = seal.seal(seal.open(row.sealed_seed, str(row.person_id)), str(row.person_id))
        except VerificationError:
            unreadable += 1
            continue
        write = update(Totp).where(Totp.id == row.id, Totp.sealed_seed == row.sealed_seed).values(sealed_seed=made)
        await db.execute(write.execution_options(synchronize_session=False))
        anew += 1
    await db.commit()
    return (rows[-1].id, Resealed(anew, unreadable)) if rows else None
