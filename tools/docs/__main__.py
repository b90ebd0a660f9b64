"""`python -m tools.docs` writes every generated page; `--check` says which ones are stale, and writes nothing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tools.docs import account_cases, accounts, asvs, errors, events, figures, past, problems, protections, readme, reasons, refusals
from tools.docs.text import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def pages() -> dict[Path, str]:
    """Every generated file and what must be in it."""
    made: dict[Path, str] = {}
    for part in (protections, account_cases, refusals, problems, events, errors, reasons, past, asvs, accounts, figures, readme):
        made.update(part.pages())
    return made


def left_over(made: dict[Path, str]) -> list[Path]:
    """Pages of protections that no longer exist."""
    return [page for page in sorted((ROOT / "docs" / "protections").glob("*.md")) if page not in made]


def main() -> int:
    """Write, or compare; return the exit code."""
    made = pages()
    stale = [page for page, text in made.items() if not page.exists() or page.read_text(encoding="utf-8") != text]
    gone = left_over(made)
    if "--check" in sys.argv:
        for page in (*stale, *gone):
            print(f"{page.relative_to(ROOT)} is stale: run `make docs`")
        return 1 if stale or gone else 0
    for page in stale:
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(made[page], encoding="utf-8")
        print(f"wrote {page.relative_to(ROOT)}")
    for page in gone:
        page.unlink()
        print(f"removed {page.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
