"""The generated regions of hand-written pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.docs import figures, protections
from tools.docs.text import DOCS, ROOT, region

if TYPE_CHECKING:
    from pathlib import Path

README = ROOT / "README.md"


def pages() -> dict[Path, str]:
    """README.md and docs/flow.md with their regions filled."""
    text = README.read_text(encoding="utf-8")
    text = region(text, "protections", protections.overview("docs/protections/{name}.md"))
    text = region(text, "figures", figures.overview())
    flow = DOCS / "flow.md"
    return {README: text, flow: region(flow.read_text(encoding="utf-8"), "figures", figures.steps())}
