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

    def __repr__(self) -> str:
        return f"<Letter {self.kind}>"  # a link or a code is in it, which must not come into a log with an error
