"""Personal access tokens: made by a person for a program of their own, shown once, kept as a hash."""

from __future__ import annotations

from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING, Literal

from sqlalchemy import delete, func, or_, select, update

from buckler.accounts import fresh
from buckler.accounts.hold import hold
from buckler.accounts.problems import AccountError
from buckler.accounts.proof import prove
from buckler.accounts.tables import MAX_NAME, Person, PersonalToken
from buckler.accounts.tokens import letters, marks, opaque, scopes
from buckler.accounts.tokens.problems import TOKEN_DAYS, TOKEN_LIMITED, TOKEN_NAME, TOKEN_RATE, TOKEN_UNKNOWN, TOKENS_MANY
from buckler.core.store import Take, Taken, key

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Row

    from buckler.accounts.proof import SignedIn
    from buckler.accounts.visit import Visit

NEVER: Literal["never"] = "never"
_MAX_DAYS = 3650
_MAX_PER_MINUTE = 1_000_000
_USED_S = 60.0  # `used_at` is written at most once in so long: a token that is used a thousand times a minute is no thousand writes


async def make(
    visit: Visit,
    person: Person,
    name: str,
    wanted: Sequence[str],
    days: int | Literal["never"] | None = None,
    per_minute: int | None = None,
) -> tuple[str, PersonalToken]:
    """Return a new token, which nobody can be shown again, and its row.

    `days`: None for the application's default, `NEVER` for a token that does not expire. `per_minute`: requests that it may make; None for
    the application's default. Tells the person by mail. Raises `AccountError`. The caller commits.
    """
    fresh.need_two(visit)  # a token is asked for no factor, and must not be the way around a required one
    options = visit.accounts.tokens
    name, wanted = named(name), scopes.asked(visit, wanted)
    expires_at = _expiry(visit, days)
    most = options.per_minute or _MAX_PER_MINUTE
    if per_minute is not None and not 0 < per_minute <= most:
        raise AccountError(TOKEN_RATE, "per_minute", most=most)
    await hold(visit, person.id)
    count = await visit.db.scalar(select(func.count()).select_from(PersonalToken).where(PersonalToken.person_id == person.id))
    if (count or 0) >= options.max_personal:
        raise AccountError(TOKENS_MANY, most=options.max_personal)
    text = opaque.make(options.prefix, opaque.PERSONAL)
    token = PersonalToken(
        person_id=person.id, digest=opaque.digest_of(text), hint=opaque.hint_of(text), name=name, scopes=wanted, per_minute=per_minute,
        created_at=visit.now, expires_at=expires_at, used_at=None,
    )  # fmt: skip
    visit.db.add(token)
    await visit.db.flush()
    visit.record("token_made", person, name)
    letters.tell(visit, "token_made", person, name=name, scopes=", ".join(wanted))
    return text, token


async def owner(visit: Visit, text: str) -> SignedIn | None:
    """Return whose token this is; None when it is no valid one, or its person is disabled. One statement, and none for a mistyped token.

    Commits when it writes that the token was used, which is once a minute. Raises `AccountError` 429 when the token was used too often,
    and 503 when the store, which counts that, fails.
    """
    if not opaque.is_one(text, visit.accounts.tokens.prefix, opaque.PERSONAL):
        return None
    kept = PersonalToken
    look = select(kept.id, kept.person_id, kept.scopes, kept.per_minute, kept.used_at).join(Person, Person.id == kept.person_id)
    valid = (
        kept.digest == opaque.digest_of(text),
        or_(kept.expires_at.is_(None), kept.expires_at > visit.now),
        Person.disabled_at.is_(None),
    )
    row = (await visit.db.execute(look.where(*valid))).first()
    if row is None:
        return None
    await _take(visit, row)
    await _used(visit, row)
    return prove(row.person_id, "personal_token", scopes=frozenset(row.scopes), token_id=str(row.id))


async def listed(visit: Visit, person: Person) -> list[PersonalToken]:
    """Return the person's tokens, the newest first, those that have expired among them. No secret is in them."""
    asked = select(PersonalToken).where(PersonalToken.person_id == person.id)
    return list(await visit.db.scalars(asked.order_by(PersonalToken.created_at.desc(), PersonalToken.id)))


async def revoke(visit: Visit, person: Person, token_id: UUID) -> None:
    """End a token of this person: it works no more once the caller has committed. Raises `AccountError` 404."""
    theirs = (PersonalToken.id == token_id, PersonalToken.person_id == person.id)
    gone = (await visit.db.execute(delete(PersonalToken).where(*theirs).returning(PersonalToken.name))).first()
    if gone is None:
        raise AccountError(TOKEN_UNKNOWN)
    visit.record("token_ended", person, gone[0])


def named(name: str) -> str:
    """Return what somebody calls a token. Raises `AccountError` 422."""
    name = name.strip()
    if not 0 < len(name) <= MAX_NAME or not name.isprintable():
        raise AccountError(TOKEN_NAME, "name", most=MAX_NAME)
    return name


def _expiry(visit: Visit, days: int | Literal["never"] | None) -> datetime | None:
    options = visit.accounts.tokens
    if days == NEVER and options.max_days is None:
        return None
    most = options.max_days or _MAX_DAYS
    lives = options.days if days is None else days
    if not isinstance(lives, int) or not 0 < lives <= most:
        raise AccountError(TOKEN_DAYS, "days", most=most)
    return visit.now + timedelta(days=lives)


async def _take(visit: Visit, row: Row[UUID, UUID, list[str], int | None, datetime | None]) -> None:
    limit = row.per_minute or visit.accounts.tokens.per_minute
    if limit is None:
        return
    replies = await marks.asked(visit, visit.site.store.batch([Take(key("token.used", str(row.id)), limit, 60.0)]))
    taken = replies[0] if replies else None
    if isinstance(taken, Taken) and not taken.allowed:
        raise AccountError(TOKEN_LIMITED, retry_s=taken.retry_s, seconds=ceil(taken.retry_s))


async def _used(visit: Visit, row: Row[UUID, UUID, list[str], int | None, datetime | None]) -> None:
    before = visit.now - timedelta(seconds=_USED_S)
    if row.used_at is not None and row.used_at > before:
        return
    due = or_(PersonalToken.used_at.is_(None), PersonalToken.used_at <= before)
    write = update(PersonalToken).where(PersonalToken.id == row.id, due).values(used_at=visit.now)
    await visit.db.execute(write.execution_options(synchronize_session=False))
    await visit.commit()
