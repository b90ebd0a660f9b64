"""docs/problems.md: everything that can be wrong with what somebody presents to accounts, read from the source."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from tools.docs import source
from tools.docs.text import DOCS, NOTE, joined

if TYPE_CHECKING:
    from pathlib import Path

ABOUT = """What a person or a program presents to [accounts](../src/buckler/accounts/problems.py) can be wrong in these ways. The code is
the same in the API's problem details (RFC 9457), on the page, in the texts of every language and here; a text in braces is filled in."""


def pages() -> dict[Path, str]:
    """The one page."""
    parts = [NOTE, "# Problems", ABOUT]
    for module, items in groupby(source.problems(), key=lambda item: item.module):
        parts.append(f"## `{module}`")
        parts += [entry(item) for item in items]
    return {DOCS / "problems.md": joined(*parts)}


def entry(item: source.Problem) -> str:
    """One code under its own anchor."""
    return f'### <a id="{item.code}"></a>`{item.code}` · {item.status}\n\n{item.title} {item.fix}'
