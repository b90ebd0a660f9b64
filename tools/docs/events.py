"""docs/events.md: every kind of event, and where in the source it is written."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from tools.docs import source
from tools.docs.text import DOCS, NOTE, code, joined, table

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

ABOUT = """An event is one record of something that happened: its kind, its time, the request's method and path, the client's
address, a detail. Every [refusal](refusals.md) is one, under its own code; these are the others. *Own log*: a line of it is also kept for
the person whom it is about, who can read it. No event holds a secret. A part in braces takes one of several words."""


def pages() -> dict[Path, str]:
    """The one page."""
    parts = [NOTE, "# Events", ABOUT]
    for subject, items in groupby(source.events(), key=lambda item: item.kind.partition(".")[0]):
        parts += [f"## `{subject}`", table(("event", "own log", "written by", "in the course of"), rows(items))]
    return {DOCS / "events.md": joined(*parts)}


def rows(items: Iterable[source.Kind]) -> list[tuple[str, str, str, str]]:
    """One row a kind, whoever writes it."""
    made = []
    for kind, group in groupby(items, key=lambda item: item.kind):
        several = list(group)
        places = {item.found.where: item.found.told for item in several}
        own = "yes" if any(item.own_log for item in several) else ""
        made.append((code(kind), own, "<br>".join(map(code, places)), "<br>".join(filter(None, places.values()))))
    return made
