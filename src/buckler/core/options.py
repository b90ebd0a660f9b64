"""Options objects: frozen, keyword-only, validated when they are made, with the sentence that the user needs."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, TypeVar, dataclass_transform

from buckler.errors import ConfigError, UnknownOptionError

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def options(cls: type[T]) -> type[T]:
    """Make `cls` a frozen, keyword-only dataclass whose unknown options raise `ConfigError` with "did you mean"."""
    made = dataclass(frozen=True, kw_only=True)(cls)
    known = frozenset(field.name for field in fields(made))  # type: ignore[arg-type]  # made is a dataclass
    plain_init = made.__init__

    def checked_init(self: T, *values: object, **given: object) -> None:
        if values:
            raise ConfigError(cls.__name__, values[0], f"options are named: {', '.join(sorted(known))}")
        for name in given:
            if name not in known:
                raise UnknownOptionError(cls.__name__, name, known)
        plain_init(self, **given)

    made.__init__ = checked_init  # type: ignore[method-assign,assignment]  # the one place where the generated one is wrapped
    return made


def need(condition: object, option: str, value: object, fix: str) -> None:
    """Raise `ConfigError` unless `condition` holds."""
    if not condition:
        raise ConfigError(option, value, fix)


def need_positive(owner: object, **values: float) -> None:
    """Raise `ConfigError` unless every value is a number over zero."""
    for name, value in values.items():
        good = isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0
        need(good, f"{type(owner).__name__}.{name}", value, "give a number over zero")


def need_one_of(owner: object, name: str, value: object, allowed: Iterable[object]) -> None:
    """Raise `ConfigError` unless `value` is one of `allowed`."""
    choices = list(allowed)
    need(value in choices, f"{type(owner).__name__}.{name}", value, f"choose one of {', '.join(map(str, choices))}")


def need_strings(owner: object, name: str, values: object) -> None:
    """Raise `ConfigError` unless `values` is a list or tuple of strings: a lone string would be read letter by letter."""
    good = isinstance(values, (list, tuple, frozenset)) and all(isinstance(item, str) for item in values)
    need(good, f"{type(owner).__name__}.{name}", values, 'give a list of strings, as in ["…"]')
