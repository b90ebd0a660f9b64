"""What is told by mail, before anybody knows how it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Letter(NamedTuple):
    """`kind` names its template and its texts (`verify`, `reset`, `new_device`, …); `values` fill them."""

    kind: str
    to: str
    language: str
    values: Mapping[str, str] = {}
