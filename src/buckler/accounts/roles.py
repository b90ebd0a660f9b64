"""Roles and permissions: who may do what, said once in the code, and never more than was said.

A permission is words joined by colons, as in `articles:delete`. A role allows those that are listed for it; `articles:*` allows all that
begin with `articles:`, and `*` everything. What nothing allows is denied. Deliberately no roles within roles: what somebody may do is the
union of a few lists that can be read side by side.

Who has which role stands in the database and is asked at most once a request, so that a grant, and above all a withdrawal, holds from the
next request on (ASVS 5.0 V8.3.2). A session therefore keeps no roles. Somebody who changes their own privileges gets a new session id by
`visit.session.renew()`, which is for the page that does it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from buckler.accounts.hold import hold
from buckler.accounts.problems import AccountError, Problem
from buckler.accounts.tables import MAX_NAME, Person, Role
from buckler.core.options import need, need_strings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

    from buckler.accounts.proof import SignedIn
    from buckler.accounts.visit import Visit

FORBIDDEN = Problem("account.forbidden", 403, "You may not do this.", "Ask somebody who runs this site, if you should be able to.")
SCOPE_MISSING = Problem("account.scope_missing", 403, "The token was not made for this.", "Make a token with the scope {scope}.")
ROLE_UNKNOWN = Problem("account.role_unknown", 422, "There is no such role.", "Choose one of: {roles}.")

EVERYBODY = "everybody"  # the role that every person has; it is not granted, and cannot be withdrawn

_PERMISSION = re.compile(r"[a-z][a-z0-9_-]*(?::[a-z][a-z0-9_-]*)*")
_GRANTED = re.compile(r"(?:[a-z][a-z0-9_-]*:)*(?:\*|[a-z][a-z0-9_-]*)")
_ROLE = re.compile(r"[a-z][a-z0-9_-]*")
_NOTE = "account.roles"


def is_permission(text: str) -> bool:
    """Whether `text` is a permission, as it is asked for: at most 100 characters, and without `*`."""
    return len(text) <= MAX_NAME and _PERMISSION.fullmatch(text) is not None


def permission(text: str) -> str:
    """Return `text`. Raises ConfigError unless it is a permission: for code that asks for one, at startup."""
    need(is_permission(text), "permission", text, "write it as in articles:delete: small letters, words joined by colons, no *")
    return text


def allows(granted: Iterable[str], asked: str) -> bool:
    """Whether `granted`, permissions of roles or scopes of a token, allow the one permission `asked`. Deny by default."""
    return any(_covers(item, asked) for item in granted)


class Roles:
    """Role → permissions, judged when it is made, at startup. Raises ConfigError."""

    def __init__(self, roles: Mapping[str, Sequence[str]]) -> None:
        for name, granted in roles.items():
            fit = len(name) <= MAX_NAME and _ROLE.fullmatch(name) is not None
            need(fit, "Accounts.roles", name, "name a role in small letters, as in editor")
            need_strings(self, name, granted)
            for item in granted:
                _need_granted(name, item)
        self._roles = {name: frozenset(granted) for name, granted in roles.items()}

    @property
    def names(self) -> list[str]:
        """The roles that can be granted, in their order."""
        return [name for name in self._roles if name != EVERYBODY]

    def of(self, names: Iterable[str]) -> frozenset[str]:
        """Return what these roles allow together, `*` included. A role that the code no longer knows allows nothing."""
        return frozenset().union(*(self._roles.get(name, frozenset()) for name in names))


def _need_granted(role: str, item: str) -> None:
    fit = len(item) <= MAX_NAME and _GRANTED.fullmatch(item) is not None
    fix = "write permissions as in articles:delete, or articles:* for all that begin so; * only as the last part"
    need(fit, f"Accounts.roles[{role!r}]", item, fix)


def _covers(granted: str, asked: str) -> bool:
    if granted.endswith("*"):
        return is_permission(asked) and asked.startswith(granted[:-1])
    return granted == asked


# ---- of a person


async def of(visit: Visit, person_id: UUID) -> frozenset[str]:
    """Return the names of the person's roles; none for somebody gone or disabled, who is not even among `everybody`.

    One statement a request: the answer is kept with the request, until `grant` or `withdraw`.
    """
    kept = visit.request.noted(_NOTE)
    if isinstance(kept, tuple) and kept[0] == person_id:
        names: frozenset[str] = kept[1]
        return names
    asked = select(Role.name).select_from(Person).outerjoin(Role, Role.person_id == Person.id)
    rows = (await visit.db.scalars(asked.where(Person.id == person_id, Person.disabled_at.is_(None)))).all()
    names = frozenset((EVERYBODY, *filter(None, rows))) if rows else frozenset()
    visit.request.note(_NOTE, (person_id, names))
    return names


async def may(visit: Visit, signed: SignedIn, asked: str) -> bool:
    """Whether the person may do `asked`, and the token at hand, if it is one, was made for it: scopes only ever narrow. For code that
    must decide within a route; a route as a whole says `requires(…)`."""
    return signed.may_use(asked) and allows(visit.accounts.permissions.of(await of(visit, signed.person_id)), asked)


async def require(visit: Visit, signed: SignedIn, asked: str) -> None:
    """Raise `AccountError` 403 unless the person `may`, and say whether it is the token that falls short."""
    if not signed.may_use(asked):
        raise AccountError(SCOPE_MISSING, scope=asked)
    if not await may(visit, signed, asked):
        raise AccountError(FORBIDDEN)


async def grant(visit: Visit, person: Person, name: str) -> bool:
    """Give a role; whether the person did not have it. The caller commits. Raises `AccountError` 422 for a role that the code does not
    know, and 403 for somebody who is gone or disabled."""
    _known(visit, name)
    await hold(visit, person.id)  # two grants at once: the second one finds the row of the first
    if name in set(await visit.db.scalars(select(Role.name).where(Role.person_id == person.id))):
        return False
    visit.db.add(Role(person_id=person.id, name=name))
    await visit.db.flush()
    _forget(visit)
    visit.record("role_granted", person, name)
    return True


async def withdraw(visit: Visit, person: Person, name: str) -> bool:
    """Take a role away; whether the person had it. A role that the code no longer knows can be taken away too. The caller commits."""
    gone = await visit.db.execute(delete(Role).where(Role.person_id == person.id, Role.name == name).returning(Role.name))
    if gone.first() is None:
        return False
    _forget(visit)
    visit.record("role_withdrawn", person, name)
    return True


def _known(visit: Visit, name: str) -> None:
    names = visit.accounts.permissions.names
    if name not in names:
        raise AccountError(ROLE_UNKNOWN, "role", roles=", ".join(names))


def _forget(visit: Visit) -> None:
    visit.request.note(_NOTE, None)
