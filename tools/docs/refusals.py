"""docs/refusals.md: every code that a visitor or a log can show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from buckler.guard.refuse import GUARD_REFUSALS
from buckler.protections import DEFAULTS
from tools.docs.text import DOCS, NOTE, joined

if TYPE_CHECKING:
    from pathlib import Path

ABOUT = """A refusal is a value that says no. The same code is in the answer's problem details (RFC 9457, `code`; `type` is `urn:buckler:`
and the code), on the page that a browser is shown, in the event and in the metric's label."""


def pages() -> dict[Path, str]:
    """The one page."""
    parts = [NOTE, "# Refusals", ABOUT, "## The guard itself"]
    parts += [entry(item) for item in GUARD_REFUSALS]
    for kind in DEFAULTS:
        if kind.card.refusals:
            parts.append(f"## [`{kind.card.name}`](protections/{kind.card.name}.md)")
            parts += [entry(item) for item in kind.card.refusals]
    return {DOCS / "refusals.md": joined(*parts)}


def entry(item: Any) -> str:
    """One code under its own anchor."""
    exempt = ""
    if item.mark:
        exempt = f"\n\nA route that carries the mark `{item.mark}` takes the request nonetheless."
    return f'### <a id="{item.code}"></a>`{item.code}` · {item.status}\n\n{item.title} {item.advice}{exempt}'
