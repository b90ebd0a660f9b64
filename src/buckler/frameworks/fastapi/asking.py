"""What a route asks of its callers, as FastAPI knows it before anybody has asked: headers by name, and proof of who they are.

A header that is missing cannot be looked at, and an answer may depend on that: "nobody is signed in" must not be kept for everybody
because the first visitor brought no token (CVE-2026-27205).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.security import APIKeyCookie, APIKeyQuery
from fastapi.security.base import SecurityBase

from buckler.core.taint import asks_who

if TYPE_CHECKING:
    from collections.abc import Iterator

_NOTICED = (APIKeyCookie, APIKeyQuery)  # a look at a cookie that is missing is noticed (`watching`); the query is in every key


def callers_of(dependant: Any) -> tuple[tuple[bytes, ...], bool]:
    """Return the headers by which a route's answers vary, and whether it asks who calls. Takes some microseconds."""
    names: set[bytes] = set()
    asks = False
    for one in _all(dependant):
        asks = asks or (isinstance(one.call, SecurityBase) and not isinstance(one.call, _NOTICED))
        for field in one.header_params:
            names.update(_names(field))
    return tuple(sorted(names)), asks or any(map(asks_who, names))


def _all(dependant: Any) -> Iterator[Any]:
    if dependant is not None:
        yield dependant
        for child in dependant.dependencies:
            yield from _all(child)


def _names(field: Any) -> Iterator[bytes]:
    """Yield the names of one parameter; of a model, those of all its fields."""
    fields = getattr(getattr(field.field_info, "annotation", None), "model_fields", None)
    for name in [field.alias] if fields is None else [info.alias or key.replace("_", "-") for key, info in fields.items()]:
        yield name.lower().encode("latin-1", "replace")
