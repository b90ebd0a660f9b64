"""Programs that sign in: a short access token, and a refresh token that works once and brings the next pair (RFC 9700, section 4.14.2).

All refresh tokens of one sign-in are a family. Of many that redeem one at once, one wins; whoever shows a spent one, at once or a year
later, ends the family, because one of the two is a thief and nobody can tell which (GHSA-392p-2q2v-4372). There is no time of grace for a
client that lost the answer; docs/why/tokens.md says why.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import delete, select, update

from buckler.accounts import fresh
from buckler.accounts.hold import hold, hold_in_any_state
from buckler.accounts.problems import AccountError
from buckler.accounts.tables import Family, Person, PersonalToken, RefreshToken
from buckler.accounts.tokens import access, letters, marks, opaque, scopes
from buckler.accounts.tokens.personal import named
from buckler.accounts.tokens.problems import TOKEN_INVALID, TOKEN_UNKNOWN
from buckler.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from buckler.accounts.visit import Visit

_SWEPT = 100


class Pair(NamedTuple):
    """What a program is given: `access` lives `expires_s` seconds, `refresh` works once. `scopes` are those of `access`."""

    access: str
    refresh: str
    expires_s: int
    scopes: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<Pair for {self.expires_s} s>"  # neither token ever reaches a log by accident


async def start(visit: Visit, person: Person, name: str, wanted: Sequence[str] | None) -> Pair:
    """Sign a program in as `person`, who has just been proved. `wanted`: scopes; None for everything that the person may do.

    Families that are over are removed, and the one that was used longest ago makes room. Raises `AccountError`. The caller commits.
    """
    fresh.need_two(visit)  # as for a personal one
    options = visit.accounts.tokens
    name = named(name)
    kept = [scopes.EVERYTHING] if wanted is None else scopes.asked(visit, wanted)
    await hold(visit, person.id)
    await _make_room(visit, person)
    family = Family(
        person_id=person.id, name=name, scopes=kept, address=visit.client, agent=visit.agent,
        created_at=visit.now, used_at=visit.now, expires_at=visit.now + timedelta(days=options.refresh_days),
    )  # fmt: skip
    visit.db.add(family)
    await visit.db.flush()
    visit.record("program_signed_in", person, name)
    return await _pair(visit, family, kept)


async def redeem(visit: Visit, text: str, wanted: Sequence[str] | None = None) -> Pair:
    """Return the next pair for a refresh token, which is then spent. `wanted`: fewer scopes, for this access token alone.

    Commits. Raises `AccountError`: 401, the same for every token that does not work, and 400 for scopes
    beyond those of the sign-in, which spends nothing.
    """
    found = await _locked(visit, text)
    if found is None:
        raise AccountError(TOKEN_INVALID)
    family, person = found
    allowed = scopes.narrowed(family.scopes, wanted)
    spend = update(RefreshToken).where(RefreshToken.digest == opaque.digest_of(text), RefreshToken.spent_at.is_(None))
    spent = await visit.db.execute(
        spend.values(spent_at=visit.now).returning(RefreshToken.digest).execution_options(synchronize_session=False)
    )
    if spent.first() is None:
        await _reused(visit, family, person)
        raise AccountError(TOKEN_INVALID)
    if person.disabled_at is not None or _is_over(visit, family):
        await _delete(visit, [family.id])
        await visit.commit()
        raise AccountError(TOKEN_INVALID)
    pair = await _pair(visit, family, allowed)
    family.used_at, family.address, family.agent = visit.now, visit.client, visit.agent
    await visit.commit()
    return pair


async def sign_out(visit: Visit, text: str) -> None:
    """End the sign-in of the program that shows one of its refresh tokens, spent or not. A token that is none is no error (RFC 7009,
    section 2.2). Commits."""
    found = await _locked(visit, text)
    if found is None:
        return
    family, person = found
    await marks.end(visit, [family.id])
    await _delete(visit, [family.id])
    visit.record("program_signed_out", person, family.name)
    await visit.commit()


async def listed(visit: Visit, person: Person) -> list[Family]:
    """Return the programs that are signed in as this person, the one that was used last first."""
    asked = select(Family).where(Family.person_id == person.id, Family.expires_at > visit.now, Family.used_at > _idle_since(visit))
    return list(await visit.db.scalars(asked.order_by(Family.used_at.desc(), Family.id)))


async def revoke(visit: Visit, person: Person, family_id: UUID) -> None:
    """End one sign-in of this person: its access tokens at once, its refresh tokens once the caller has committed. Raises `AccountError`
    404, and `StoreError`."""
    family = await visit.db.scalar(select(Family).where(Family.id == family_id, Family.person_id == person.id))
    if family is None:
        raise AccountError(TOKEN_UNKNOWN)
    await marks.end(visit, [family_id])
    await _delete(visit, [family_id])
    visit.record("program_ended", person, family.name)


async def end_all(visit: Visit, person: Person, *, personal: bool = False, keep: UUID | None = None) -> None:
    """End every program that is signed in as this person, and every access token; with `personal` the tokens that they made, too.
    `keep`: the family of the one program that goes on, because it is the one that asks.

    A new password ends what the old one let in; a personal token was made by the person, for a program that would stand still. After a
    compromise say `personal`. Raises `StoreError`, before anything is changed. The caller commits.
    """
    await hold_in_any_state(visit, person.id)  # a sign-in that is under way is either ended by this, or begins after it
    found = await visit.db.scalars(select(Family.id).where(Family.person_id == person.id))
    families = [family_id for family_id in found if family_id != keep]
    await marks.end(visit, families, person.id if keep is None else None)
    await _delete(visit, families)
    gone = 0
    if personal:
        ended = delete(PersonalToken).where(PersonalToken.person_id == person.id).returning(PersonalToken.id)
        gone = len((await visit.db.execute(ended)).all())
    if families or gone:
        visit.record("tokens_ended", person, f"{len(families)} programs, {gone} personal tokens")


# ---- rows


async def _locked(visit: Visit, text: str) -> tuple[Family, Person] | None:
    """Return the family of a refresh token, and its person, with nobody else in it until the end of this visit; None when there is none.

    The family is locked before its tokens, here and by whoever ends it: two orders would wait for each other. The lock is a write and the
    first statement, as in `hold`.
    """
    if not opaque.is_one(text, visit.accounts.tokens.prefix, opaque.REFRESH):
        return None
    of_token = select(RefreshToken.family_id).where(RefreshToken.digest == opaque.digest_of(text)).scalar_subquery()
    same = update(Family).where(Family.id == of_token).values(name=Family.name).returning(Family.id)
    locked = (await visit.db.execute(same.execution_options(synchronize_session=False))).first()
    if locked is None:
        return None
    asked = select(Family, Person).join(Person, Person.id == Family.person_id).where(Family.id == locked[0])
    row = (await visit.db.execute(asked.execution_options(populate_existing=True))).one()
    return row[0], row[1]


async def _pair(visit: Visit, family: Family, wanted: list[str]) -> Pair:
    text = opaque.make(visit.accounts.tokens.prefix, opaque.REFRESH)
    visit.db.add(RefreshToken(digest=opaque.digest_of(text), family_id=family.id, created_at=visit.now, spent_at=None))
    await visit.db.flush()
    token, expires_s = access.mint(visit, family, wanted)
    return Pair(token, text, expires_s, tuple(wanted))


async def _reused(visit: Visit, family: Family, person: Person) -> None:
    """End the family of a token that came twice, and tell the person. Committed at once: what is raised next must not undo it."""
    visit.record("refresh_reused", person, family.name)
    letters.tell(visit, "tokens_ended", person, name=family.name)
    await _delete(visit, [family.id])
    await visit.commit()
    try:
        await marks.end(visit, [family.id])
    except StoreError as failure:  # the family has ended all the same; its last access token lives for minutes
        marks.told_failure(visit, failure)


async def _make_room(visit: Visit, person: Person) -> None:
    theirs = select(Family).where(Family.person_id == person.id).order_by(Family.used_at.desc(), Family.id)
    families = (await visit.db.scalars(theirs)).all()
    alive = [family for family in families if not _is_over(visit, family)]
    excess = [family.id for family in alive[visit.accounts.tokens.max_families - 1 :]]
    await marks.end(visit, excess)
    over = [family.id for family in families if _is_over(visit, family)]
    await _delete(visit, [*over, *excess, *await _forgotten(visit)])


async def _forgotten(visit: Visit) -> Sequence[UUID]:
    """Some families of anybody that are over: an address and a browser are not kept for ever of somebody who never came back. Those in
    which somebody is at work are passed over, so that two sweeps never wait for each other."""
    asked = select(Family.id).where(Family.expires_at <= visit.now).order_by(Family.expires_at).limit(_SWEPT)
    return (await visit.db.scalars(asked.with_for_update(skip_locked=True))).all()


async def _delete(visit: Visit, families: Sequence[UUID]) -> None:
    """Families first, then what the foreign key has not taken along: SQLite honours them only where it is told to."""
    if families:
        for statement in (delete(Family).where(Family.id.in_(families)), delete(RefreshToken).where(RefreshToken.family_id.in_(families))):
            await visit.db.execute(statement.execution_options(synchronize_session="fetch"))


def _is_over(visit: Visit, family: Family) -> bool:
    return family.expires_at <= visit.now or family.used_at <= _idle_since(visit)


def _idle_since(visit: Visit) -> datetime:
    return visit.now - timedelta(days=visit.accounts.tokens.idle_days)
