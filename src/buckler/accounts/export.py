"""All that is kept of a person, for the person: plain values, no secret among them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select

from buckler.accounts import fresh
from buckler.accounts.tables import Browser, Device, Entry, Family, Link, Passkey, PersonalToken, Role, Totp

if TYPE_CHECKING:
    from buckler.accounts.tables import Person, Table
    from buckler.accounts.visit import Visit

_KEPT: dict[str, tuple[type[Table], tuple[str, ...]]] = {
    "roles": (Role, ("name",)),
    "authenticators": (Totp, ("name", "created_at", "confirmed_at", "used_at")),
    "passkeys": (Passkey, ("name", "created_at", "used_at", "backed_up")),
    "trusted_browsers": (Browser, ("agent", "created_at", "used_at", "expires_at")),
    "devices": (Device, ("address", "agent", "how", "created_at", "seen_at")),
    "tokens": (PersonalToken, ("name", "hint", "scopes", "created_at", "expires_at", "used_at")),
    "programs": (Family, ("name", "scopes", "address", "agent", "created_at", "used_at", "expires_at")),
    "linked_accounts": (Link, ("provider", "subject", "email", "created_at", "used_at")),
    "security_log": (Entry, ("kind", "at", "address", "agent", "detail")),
}
_PERSON = ("id", "email", "email_verified_at", "password_changed_at", "language", "created_at", "signed_in_at")


async def of(visit: Visit, person: Person) -> dict[str, Any]:
    """Return JSON values. Raises `AccountError` unless the sign-in is fresh: whoever finds an open browser must not take all of it away."""
    fresh.need(visit, person)
    found: dict[str, Any] = {"account": _plain(person, _PERSON)}
    for name, (table, columns) in _KEPT.items():
        rows = await visit.db.scalars(select(table).where(table.__table__.c.person_id == person.id))
        found[name] = [_plain(row, columns) for row in rows]
    found["profile"] = dict(await visit.accounts.profile.export(visit, person))
    visit.record("exported", person)
    await visit.commit()
    return found


def _plain(row: Table, columns: tuple[str, ...]) -> dict[str, Any]:
    return {name: _value(getattr(row, name)) for name in columns}


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
