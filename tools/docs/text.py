"""Markdown: tables, headings, regions."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
NOTE = "<!-- Written by `make docs` from the code. Edit the code. -->"
HEADING = re.compile(r"^([A-Z][a-z ]+):$", re.MULTILINE)


def cell(value: object) -> str:
    """One line of a table that no character of the value can break."""
    return " ".join(str(value).split()).replace("|", "\\|")


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; empty without rows."""
    body = ["| " + " | ".join(cell(value) for value in row) + " |" for row in rows]
    if not body:
        return ""
    return "\n".join(["| " + " | ".join(head) + " |", "|" + "---|" * len(head), *body])


def code(value: object) -> str:
    """The value in code type, or nothing."""
    return f"`{value}`" if str(value) else ""


def sections(doc: str) -> tuple[str, dict[str, str]]:
    """Split a docstring of the form "summary, Heading:, indented text" into its summary and its sections."""
    clean = inspect.cleandoc(doc)
    parts = HEADING.split(clean)
    return parts[0].strip(), {name: inspect.cleandoc("\n" + text).strip() for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def joined(*parts: str) -> str:
    """Paragraphs with one empty line between them; empty ones go."""
    return "\n\n".join(part.strip("\n") for part in parts if part.strip()) + "\n"


def region(text: str, name: str, content: str) -> str:
    """Return `text` with the generated region `name` filled. Raises ValueError where it has no such region."""
    begin, end = f"<!-- generated: {name} -->", "<!-- end -->"
    pattern = re.compile(re.escape(begin) + r".*?" + re.escape(end), re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"there is no region {begin}")
    return pattern.sub(lambda _: f"{begin}\n{content.strip()}\n{end}", text, count=1)
