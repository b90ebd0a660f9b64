"""A new password, and what ends with the old one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.accounts import browsers, devices, factors, fresh, tickets, tokens
from buckler.accounts.passwords import judge

if TYPE_CHECKING:
    from uuid import UUID

    from buckler.accounts.tables import Person
    from buckler.accounts.visit import Visit


async def change(visit: Visit, person: Person, password: str) -> None:
    """Change the password of the person who is signed in here, freshly. All other sessions end. Raises `AccountError`."""
    fresh.need(visit, person)
    hashed = await judged(visit, person, password)
    await replace(visit, person, hashed)
    visit.session.revoke_others()
    await devices.follow(visit)
    visit.record("password_changed", person)
    await visit.commit()


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
