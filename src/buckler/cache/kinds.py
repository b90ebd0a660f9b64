"""The types of an application that a function may return, read from its annotation: an allow-list, made from code and never from data."""

from __future__ import annotations

import dataclasses
import typing
from enum import Enum, Flag
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Kind(NamedTuple):
    """One type: how it is taken apart into values, and made again from them. `made` raises ValueError or TypeError."""

    type: type
    name: str
    parts: Callable[[Any], object]
    made: Callable[[Any], object]


def kinds_of(function: Callable[..., object]) -> list[Kind]:
    """Return the types that `function` is annotated to return, and those that their fields hold. None where it has no annotation, or
    one that cannot be read when it is decorated."""
    try:
        hint = typing.get_type_hints(function).get("return")
    except (NameError, TypeError):  # a name that is imported for type checkers alone
        return []
    return list(_walk(hint, set()))


def _walk(hint: object, seen: set[type]) -> Iterator[Kind]:
    for part in typing.get_args(hint):
        yield from _walk(part, seen)
    if not isinstance(hint, type) or hint in seen:
        return
    kind = _kind(hint)
    if kind is None:
        return
    seen.add(hint)
    yield kind
    if hasattr(hint, "model_validate_json"):
        return  # a model writes its own fields
    try:
        fields = typing.get_type_hints(hint)
    except (NameError, TypeError):
        return
    for part in fields.values():
        yield from _walk(part, seen)


def _kind(hint: type) -> Kind | None:
    name = hint.__qualname__
    if issubclass(hint, Flag):
        return Kind(hint, name, lambda thing: thing.value, hint)
    if issubclass(hint, Enum):
        return Kind(hint, name, lambda thing: thing.name, lambda member: hint.__members__[member])
    if dataclasses.is_dataclass(hint):
        return _dataclass(hint, name)
    if issubclass(hint, tuple) and hasattr(hint, "_fields"):
        return Kind(hint, name, list, lambda parts: hint(*parts))
    if hasattr(hint, "model_validate_json") and hasattr(hint, "model_dump_json"):
        return Kind(hint, name, _model_parts, hint.model_validate_json)
    return None


def _dataclass(hint: Any, name: str) -> Kind | None:
    names = [field.name for field in dataclasses.fields(hint)]
    if not all(field.init for field in dataclasses.fields(hint)):
        return None  # made by its own rules: encode and decode know them
    return Kind(hint, name, lambda thing: {name: getattr(thing, name) for name in names}, lambda parts: hint(**parts))


def _model_parts(thing: Any) -> str:
    """A pydantic model as its own JSON. Some write less than they hold (excluded fields, masked secrets): these are refused."""
    text: str = thing.model_dump_json()
    if type(thing).model_validate_json(text) != thing:
        raise TypeError(f"a {type(thing).__qualname__} does not come back from its own JSON; give encode=… and decode=…")
    return text
