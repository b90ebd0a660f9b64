"""What a form sends: text by name, checked by the same schemas as the API's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, ValidationError

from examples.conduit.errors import ConduitError, errors_of
from examples.conduit.site.addresses import same_site

if TYPE_CHECKING:
    from collections.abc import Mapping

M = TypeVar("M", bound=BaseModel)
Errors = dict[str, list[str]]

_OURS = frozenset({"csrf_token", "next"})  # not the schema's business
_LISTS = frozenset({"tagList"})
_UNREADABLE = "\ufffd"  # what bytes that are no UTF-8 are decoded to


class FormError(Exception):
    """A form that cannot be accepted: `errors` by field, shown beside the form."""

    def __init__(self, errors: Errors, status: int = 422) -> None:
        self.errors, self.status = errors, status
        super().__init__(", ".join(errors))


@dataclass(frozen=True, slots=True)
class Form:
    """`fields`: texts, and lists of texts where a form has several of one name. `next`: where to go afterwards, "" for nowhere."""

    fields: Mapping[str, str | list[str]]
    next: str = ""

    def read(self, schema: type[M], **instead: object) -> M:
        """Return the fields as `schema` has them; `instead` replaces some. Raises `FormError`."""
        unreadable: Errors = {name: ["must be valid Unicode"] for name, value in self.fields.items() if _UNREADABLE in str(value)}
        if unreadable:
            raise FormError(unreadable)
        try:
            return schema.model_validate({**self.fields, **instead})
        except ValidationError as wrong:
            raise FormError(errors_of(wrong.errors())) from None

    def given(self) -> dict[str, str | list[str]]:
        """Return what is shown again in the form."""
        return dict(self.fields)

    def text(self, name: str) -> str:
        """Return the text of a field, "" when there is none."""
        value = self.fields.get(name, "")
        return value if isinstance(value, str) else ""


async def form_of(request: Request) -> Form:
    """Return the form of a request. Raises `FormError` for a file where a text is asked for."""
    sent = await request.form()
    fields: dict[str, str | list[str]] = {}
    for name, value in sent.multi_items():
        if not isinstance(value, str):
            await sent.close()
            raise FormError({name[:60]: ["must be text"]})
        if name in _LISTS:
            listed = fields.setdefault(name, [])
            if isinstance(listed, list):
                listed += [part.strip() for part in value.split(",") if part.strip()]
        elif name not in _OURS:
            fields[name] = value
    back = sent.get("next")
    return Form(fields, same_site(back, "") if isinstance(back, str) else "")


Posted = Annotated[Form, Depends(form_of)]


def problems(refused: FormError | ConduitError) -> Errors:
    """Return what to say beside the form. Raises what is no mistake in the form: somebody else's article, one that is gone or that
    another request has just changed."""
    if refused.status in {403, 404} or "request" in refused.errors:
        raise refused
    return refused.errors
