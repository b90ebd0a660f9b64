"""A function as the cache knows it: its name, its signature, and the key of one call."""

from __future__ import annotations

import hashlib
import inspect
import sys
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from buckler.cache.keys import NoKeyError, need_public, text_of
from buckler.core.options import need

if TYPE_CHECKING:
    from collections.abc import Callable

_PLAIN = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class Call(NamedTuple):
    """`key`: what tells this call from all others; `person`: whose it is, or "" for everybody's."""

    key: str
    person: str


class Function:
    """Makes keys for the calls of `function`. `key(*arguments)` names what the result depends on in place of all arguments; `person` is
    the parameter that says whose result it is."""

    def __init__(self, function: Callable[..., Any], *, key: Callable[..., object] | None, person: str, version: str, name: str) -> None:
        self.name = name or _name(function)
        self._signature = inspect.signature(function)
        parameters = list(self._signature.parameters.values())
        first = parameters[0].name if parameters else ""
        need(first not in {"self", "cls"}, "memo", self.name, "is a method: what it is called on is no part of a key; use a function")
        self._key, self._person = key, person
        if person:
            names = [parameter.name for parameter in parameters]
            need(person in names, "memo.person", person, f"name the parameter that says whose it is: one of {', '.join(names) or 'none'}")
        # Where all arguments are given by position, they are in order already, and binding them would cost 2 µs.
        self._count = len(parameters) if all(parameter.kind in _PLAIN for parameter in parameters) else -1
        self._is_simple = key is None and not person
        self._at = next((at for at, parameter in enumerate(parameters) if parameter.name == person), -1)
        self._prefix = _prefix(self.name, version, parameters, self._signature)

    def call(self, args: tuple[Any, ...], given: dict[str, Any]) -> Call:
        """Return the key of one call. Raises TypeError where the function itself would not take these arguments, or no key can be made."""
        try:
            if self._is_simple and not given and len(args) == self._count:  # by far the most common
                return Call(self._prefix + "".join(map(text_of, args)), "")
            return self._call(args, given)
        except NoKeyError as failure:
            raise NoKeyError(f"{self.name}: {failure}") from None

    def _call(self, args: tuple[Any, ...], given: dict[str, Any]) -> Call:
        if self._key is not None and not self._person:
            need_public((*args, *given.values()))
            return Call(self._prefix + text_of(self._key(*args, **given)), "")
        values = self._values(args, given)
        if not self._person:
            return Call(self._prefix + "".join(map(text_of, values)), "")
        person, rights = _who(values[self._at])
        if self._key is not None:
            return Call(f"{self._prefix}{person}{rights}{text_of(self._key(*args, **given))}", person)
        rest = "".join(text_of(value) for at, value in enumerate(values) if at != self._at)
        return Call(f"{self._prefix}{person}{rights}{rest}", person)

    def _values(self, args: tuple[Any, ...], given: dict[str, Any]) -> tuple[Any, ...]:
        """All arguments in the order of the parameters, defaults too."""
        if not given and len(args) == self._count:
            return args
        bound = self._signature.bind(*args, **given)
        bound.apply_defaults()
        return tuple(tuple(sorted(value.items())) if isinstance(value, dict) and self._is_rest(name) else value
                     for name, value in bound.arguments.items())  # fmt: skip

    def _is_rest(self, name: str) -> bool:
        return self._signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD


def _who(value: object) -> tuple[str, str]:
    """The texts of a person and of their rights: of an id, which has all of them, or of a proof with an id and scopes. A token with fewer
    rights than a session of the same person must not read what the session was given (fastmcp#4037). Nobody is nobody's key."""
    found: Any = value
    rights: Any = None
    if not isinstance(value, str | int | UUID):
        found, rights = getattr(value, "person_id", None), getattr(value, "scopes", None)
        if found is None and getattr(value, "person", None) is not None:
            raise NoKeyError("a session knows more than whose it is; give the id of the person")
    if found is None or found == "" or isinstance(found, bool):
        raise NoKeyError("nobody is signed in: what is kept for each person needs one")
    return text_of(found), text_of(None if rights is None else frozenset(rights))


def _name(function: Callable[..., Any]) -> str:
    module = function.__module__
    if module == "__main__":  # two programs may share a store, and each has a main module
        module = str(getattr(sys.modules["__main__"], "__file__", "") or "__main__")
    return f"{module}.{function.__qualname__}"


def _prefix(name: str, version: str, parameters: list[inspect.Parameter], signature: inspect.Signature) -> str:
    """Another name, version, parameter, default or annotation is another key: a new release does not read what the old one kept."""
    parts = [name, version, str(signature.return_annotation)]
    for parameter in parameters:
        try:
            default = text_of(parameter.default)
        except NoKeyError:  # as `Parameter.empty`; never by `repr`, which may say where an object lies
            default = type(parameter.default).__qualname__
        parts += (parameter.name, parameter.kind.name, default, str(parameter.annotation))
    raw = "".join(f"{len(part)}:{part}" for part in parts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(raw, digest_size=16).hexdigest() + ":"
