"""What somebody can prove themselves with, and the rules that hold for every factor alike.

Nobody removes their last way to sign in. Nobody adds a factor before their e-mail address is confirmed, since it would wait there for
the true owner of the address. Whatever changes, the person is told by mail, and what the old factors let in ends: other sessions,
trusted browsers, programs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import delete, func, select

from buckler.accounts import browsers, devices, fresh, tokens
from buckler.accounts.hold import hold_in_any_state
from buckler.accounts.problems import AccountError, Problem
from buckler.accounts.tables import MAX_NAME, Link, Passkey, Person, RecoveryCode, Totp

if TYPE_CHECKING:
    from buckler.accounts.visit import Visit

LAST_FACTOR = Problem(
    "account.last_factor", 409, "Without it you could no longer sign in.", "Add another passkey, a password or a linked account first."
)
UNCONFIRMED = Problem(
    "account.factor_too_early", 403, "Your e-mail address is not confirmed yet.", "Open the link in the mail that we sent you; then add it."
)
GONE = Problem("account.factor_gone", 404, "There is nothing of this name any more.", "Load the page again to see what there is.")
TOO_MANY = Problem("account.factors_too_many", 409, "You have {most} of these already.", "Remove one that you no longer use.")


_SHOWN_WHEN_ADDED = {"totp": "totp", "passkey": "passkey", "security_key": "passkey"}  # each answered, so as to be added


class Factors(NamedTuple):
    """`passkeys` counts security keys too; `passkeys_that_sign_in` only those that verify who holds them."""

    password: bool
    totp: bool
    passkeys: int
    passkeys_that_sign_in: int
    recovery_left: int

    @property
    def second_factor(self) -> bool:
        """Whether a password alone is not enough. A passkey counts: who has one must not be phished for the password beside it."""
        return self.totp or self.passkeys > 0

    @property
    def second_ways(self) -> list[str]:
        """What may follow a password, the best first: `passkey`, `totp`, `recovery`."""
        if not self.second_factor:
            return []  # codes for the day on which another factor is lost are no factor on their own
        there = {"passkey": self.passkeys, "totp": self.totp, "recovery": self.recovery_left}
        return [way for way, owned in there.items() if owned]

    @property
    def signs_in_by_passkey(self) -> bool:
        """Whether there is a passkey that is enough on its own."""
        return self.passkeys_that_sign_in > 0


async def of(visit: Visit, person: Person) -> Factors:
    """Return what `person` has. One statement."""
    keys = select(func.count()).where(Passkey.person_id == person.id)
    row = await visit.db.execute(
        select(
            select(func.count()).where(Totp.person_id == person.id, Totp.confirmed_at.is_not(None)).scalar_subquery(),
            keys.scalar_subquery(),
            keys.where(Passkey.signs_in).scalar_subquery(),
            select(func.count()).where(RecoveryCode.person_id == person.id).scalar_subquery(),
        )
    )
    totp, passkeys, sign_in, left = row.one()
    return Factors(person.password_hash is not None, totp > 0, passkeys, sign_in, left)


def may_add(visit: Visit, person: Person) -> None:
    """Raise `AccountError` unless the sign-in is fresh and the e-mail address confirmed."""
    fresh.need(visit, person)
    if person.email_verified_at is None:
        raise AccountError(UNCONFIRMED)


async def may_remove(visit: Visit, person: Person, kind: str) -> None:
    """Raise `AccountError` when without one `kind` (`password`, `passkey`, `link`) nobody could sign in any more.

    Anything else, a one-time password say, lets nobody in alone and may go. Holds the person's row: of two that go at once, each of which
    would leave the other one, the second is refused. Call it before the row is deleted, in the same transaction.
    """
    if kind not in {"password", "passkey", "link"}:
        return
    await hold_in_any_state(visit, person.id)
    providers = [provider.name for provider in visit.accounts.providers]  # a link to one that is no longer offered is no way in
    row = await visit.db.execute(
        select(
            select(func.count()).where(Person.id == person.id, Person.password_hash.is_not(None)).scalar_subquery(),
            select(func.count()).where(Passkey.person_id == person.id, Passkey.signs_in).scalar_subquery(),
            select(func.count()).where(Link.person_id == person.id, Link.provider.in_(providers)).scalar_subquery(),
        )
    )
    ways = dict(zip(("password", "passkey", "link"), row.one(), strict=True))
    if sum(ways.values()) - min(1, ways[kind]) < 1:
        raise AccountError(LAST_FACTOR)


async def added(visit: Visit, person: Person, factor: str, name: str) -> None:
    """Say that there is a new factor, and end what was let in without it. The caller commits."""
    if factor in _SHOWN_WHEN_ADDED:
        fresh.showed(visit, person, _SHOWN_WHEN_ADDED[factor])
    await _changed(visit, person, "factor_added", factor=factor, name=name)


async def removed(visit: Visit, person: Person, factor: str, name: str) -> None:
    """Say that a factor is gone, and end what it let in. The caller commits. Raises `AccountError` 403 when it was the last second factor
    of a person on a site that requires one.

    Recovery codes go with the last second factor: they would come back to life, forgotten, with the next one.
    """
    await visit.db.flush()
    if not (await of(visit, person)).second_factor:
        if visit.accounts.require_second_factor:
            raise AccountError(fresh.SECOND_NEEDED)
        await visit.db.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person.id))
    await _changed(visit, person, "factor_removed", factor=factor, name=name)


async def _changed(visit: Visit, person: Person, letter: str, *, factor: str, name: str) -> None:
    visit.post(letter, person, factor=factor, name=name, **circumstances(visit))
    await browsers.forget_all(visit, person)
    if factor != "recovery":  # new codes change nothing about what is asked at a sign-in
        await tokens.end_all(visit, person)
    await devices.forget_others(visit, person)
    visit.session.revoke_others()
    await devices.follow(visit)


def circumstances(visit: Visit) -> dict[str, str]:
    """When and from where, for a letter, and where to look after it."""
    link = visit.link(visit.accounts.paths.security)
    return {"when": visit.now.isoformat(timespec="minutes"), "address": visit.client, "agent": visit.agent, "link": link}


def named(text: str, otherwise: str) -> str:
    """Return what a person calls a factor: one line of at most 100 printable characters, or `otherwise` where nothing is left."""
    plain = "".join(char if char.isprintable() else " " for char in text[: 4 * MAX_NAME])
    return " ".join(plain.split())[:MAX_NAME].strip() or otherwise
