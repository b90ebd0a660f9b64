"""What an application knows of a person besides: a name to show, a picture. It says so in one object, and accounts ask it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from buckler.accounts.tables import Person
    from buckler.accounts.visit import Visit


class Field(NamedTuple):
    """One field that the sign-up form asks for besides. `autocomplete` is HTML's own word for it."""

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
        """Judge what was typed into `fields`. Raises `AccountError` with the field's name."""
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
