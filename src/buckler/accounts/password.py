"""A new password, and what ends with the old one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.accounts import browsers, devices, factors, fresh, throttle, tickets, tokens
from buckler.accounts.hold import hold
from buckler.accounts.passwords import judge
from buckler.accounts.problems import AccountError, Problem

if TYPE_CHECKING:
    from uuid import UUID

    from buckler.accounts.tables import Person
    from buckler.accounts.visit import Visit


WRONG_CURRENT = Problem("account.current_wrong", 401, "The present password is wrong.", "Try again, or choose a new one by mail.")


async def change(visit: Visit, person: Person, password: str, current: str = "") -> None:
    """Change the password of the person who is signed in here. All other sessions end. Raises `AccountError`.

    Who has a password shows it (ASVS 5.0 V6.2.3), and that is all that a sign-in would ask for; who has a second factor, or chooses a first
    password, must be fresh as well.
    """
    fresh.need_own(visit, person)
    if person.password_hash is None or (await factors.of(visit, person)).second_factor:
        fresh.need(visit, person)
    if person.password_hash is not None:
        await _need_current(visit, person, current)
    hashed = await judged(visit, person, password)
    await hold(visit, person.id)
    await replace(visit, person, hashed)
    visit.session.revoke_others()
    await devices.follow(visit)
    visit.record("password_changed", person)
    await visit.commit()


async def _need_current(visit: Visit, person: Person, current: str) -> None:
    await throttle.admit(visit, "fresh", person.email)
    if not await visit.accounts.hasher.verify(person.password_hash, current):
        visit.record("confirmation_failed", detail="password")
        visit.tell()
        raise AccountError(WRONG_CURRENT, "current")
    await throttle.succeeded(visit, person.email)


async def judged(visit: Visit, person: Person, password: str) -> str:
    """Return the hash of a password that the policy allows. Raises `AccountError`."""
    accounts = visit.accounts
    await judge(accounts.passwords, password, own=[person.email, accounts.name], site=visit.site)
    return await accounts.hasher.hash(password)


async def replace(visit: Visit, person: Person, password_hash: str, *, keep: UUID | None = None) -> None:
    """Write the new hash. Links that wait in mailboxes, trusted browsers and programs that signed in by the old one end; but not the
    family `keep`, of the program that changes it. The caller ends sessions, and commits."""
    person.password_hash, person.password_changed_at = password_hash, visit.now
    await tickets.end_all(visit, person.id)
    await browsers.forget_all(visit, person)
    await tokens.end_all(visit, person, keep=keep)
    await devices.forget_others(visit, person)
    visit.post("password_changed", person, **factors.circumstances(visit))
