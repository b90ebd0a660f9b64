"""Compares a sheet with an earlier one: what has gone, and what has become dearer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from buckler.balance.sheet import Sheet

_TOLERATED = 0.05  # a twentieth more bytecodes, and a few: less than what moving a line to a function costs
_TOLERATED_COUNT = 5


def changes(sheet: Sheet, earlier: dict[str, Any]) -> list[str]:
    """Return, in sentences, what is worse than in `earlier` (a sheet's JSON): protections and cases that are gone, and more
    bytecodes. These are compared only when both sheets come from the same version of Python."""
    rows = {row.name: row for row in sheet.rows}
    found: list[str] = []
    for old in earlier["rows"]:
        row = rows.get(old["name"])
        if row is None:
            found.append(f"{old['name']} is gone")
            continue
        now = {item.name for item in row.played}
        found += [f"the case {row.name}.{case['name']} is gone" for case in old["played"] if case["name"] not in now]
        if earlier["python"] == sheet.python:
            found += _dearer(row.name, old["by_route"], {name: share.bytecodes for name, share in row.by_route.items()})
    return found


def _dearer(name: str, old: dict[str, Any], new: dict[str, int]) -> list[str]:
    return [
        f"{name} costs {new[route]} bytecodes on {route}, and cost {before}"
        for route, share in old.items()
        if route in new and new[route] > (before := share["bytecodes"]) + max(_TOLERATED_COUNT, abs(before) * _TOLERATED)
    ]
