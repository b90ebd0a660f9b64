"""What a form sends: text by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request

from buckler.core.own_path import own_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_NEVER_BACK = ("password", "passkey", "token", "code", "totp", "recovery")  # what a page must not say again


class Form:
    """The fields of a form; of several with one name the last counts, and a file counts as nothing."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = fields

    def text(self, name: str) -> str:
        """Return the text of a field, "" when there is none. A NUL, which no database keeps, becomes the sign for what is unreadable."""
        return self._fields.get(name, "").replace("\0", "\ufffd")

    def is_on(self, name: str) -> bool:
        """Whether a box is ticked."""
        return name in self._fields

    def only(self, names: Iterable[str]) -> dict[str, str]:
        """Return the fields of these names, "" for those that did not come."""
        return {name: self.text(name) for name in names}

    @property
    def next(self) -> str:
        """Return where to go afterwards: a path of this site, "" for nowhere."""
        return own_path(self.text("next"), "")

    @property
    def given(self) -> dict[str, str]:
        """Return what is shown again in the form: everything but secrets."""
        return {name: self.text(name) for name in self._fields if not name.startswith(_NEVER_BACK)}


async def form(request: Request) -> Form:
    """Return the form of a request. A dependency."""
    async with request.form() as sent:
        return Form({name: value for name, value in sent.multi_items() if isinstance(value, str)})


Posted = Annotated[Form, Depends(form)]
