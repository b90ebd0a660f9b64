"""What is told by mail, before anybody knows how it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Letter(NamedTuple):
    """`kind` names its template and its texts (`verify`, `reset`, `new_device`, …); `values` fill them."""

    kind: str
    to: str
    language: str
    values: Mapping[str, str] = {}
