"""What an application knows of a person besides: a name to show, a picture. It says so in one object, and accounts ask it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from buckler.accounts.problems import AccountError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from buckler.accounts.tables import Person
    from buckler.accounts.visit import Visit


MISSING = Problem("account.field_missing", 422, "Something is missing here.", "Fill in this field.")
TOO_LONG = Problem("account.field_long", 422, "This is too long.", "Use at most {max_chars} characters.")


class Field(NamedTuple):
    """One field that the sign-up form asks for besides. `autocomplete` is HTML's own word for it.

    `required` and `max_chars` hold for everybody, also for a program that never saw the form.
    """

    name: str
    label: str
    autocomplete: str = "off"
    max_chars: int = 100
    required: bool = True
    hint: str = ""


class Profile(Protocol):
    """What an application adds to sign-up, export and deletion. All of it runs in the transaction of the act."""

    fields: Sequence[Field]

    async def check(self, visit: Visit, given: Mapping[str, str]) -> None:
        """Judge what was typed into `fields`: `given` has all of them and nothing else. Raises `AccountError` with the field's name."""
        ...

    async def make(self, visit: Visit, person: Person, given: Mapping[str, str]) -> None:
        """Write the rows of a new person. May raise `AccountError`, as when a name was taken meanwhile."""
        ...

    async def export(self, visit: Visit, person: Person) -> Mapping[str, Any]:
        """Return everything that the application keeps of this person, as JSON values."""
        ...

    async def delete(self, visit: Visit, person: Person) -> None:
        """Remove or hand on what foreign keys do not take with the person's row."""
        ...


class NoProfile:
    """For applications that know nothing more of a person than accounts do."""

    fields: Sequence[Field] = ()

    async def check(self, visit: Visit, given: Mapping[str, str]) -> None:
        """Nothing was asked for."""

    async def make(self, visit: Visit, person: Person, given: Mapping[str, str]) -> None:
        """Nothing is kept."""

    async def export(self, visit: Visit, person: Person) -> Mapping[str, Any]:  # noqa: ARG002  # the protocol's signature
        """Return nothing."""
        return {}

    async def delete(self, visit: Visit, person: Person) -> None:
        """Nothing is kept."""


def fitting(fields: Sequence[Field], given: Mapping[str, str]) -> dict[str, str]:
    """Return what was typed into `fields`, "" where that was nothing. Whatever else was sent is dropped: it must never reach a row by
    its mere name. Raises `AccountError` 422 for a required field that is empty, and for one that is too long."""
    typed = {field.name: given.get(field.name, "").replace("\0", "\ufffd") for field in fields}  # no database keeps a NUL
    for field in fields:
        if field.required and not typed[field.name].strip():
            raise AccountError(MISSING, field.name)
        if len(typed[field.name]) > field.max_chars:
            raise AccountError(TOO_LONG, field.name, max_chars=field.max_chars)
    return typed
