"""docs/asvs.md: where Buckler stands on the requirements of OWASP's ASVS 5.0 about people, sessions, tokens and rights.

The data is docs/asvs.toml: the requirements' numbers and levels, and our own words; OWASP's text is not copied (CC BY-SA 4.0). A proof or
place that does not exist is an error, so the page cannot promise too much.
"""

from __future__ import annotations

import sys
import tomllib
from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, Any

from tools.docs.past import missing
from tools.docs.text import DOCS, NOTE, ROOT, code, joined, table

if TYPE_CHECKING:
    from pathlib import Path

REGISTER = DOCS / "asvs.toml"
# state → what must stand beside it: `proof` (tests or cases), `where` (files), or nothing but words
STATES = {"proven": "proof", "design": "where", "app": "", "not met": "", "not applicable": ""}
CHAPTERS = {
    "V6": "who somebody is",
    "V7": "sessions",
    "V8": "what somebody may do",
    "V9": "tokens that carry their own content",
    "V10": "OAuth and OpenID Connect",
}
ABOUT = """The numbers are those of OWASP's [Application Security Verification Standard](https://github.com/OWASP/ASVS) 5.0.0, to be read
beside this page; the words here are ours. An application is verified, not a library: this says how far Buckler's part carries, with
`buckler.accounts`, the protection `sessions` and the adapter for FastAPI as they are by default.

- **proven**: a named test or case fails when it is no longer so.
- **design**: it follows from how the named place is built; no test has been named that would notice.
- **app**: left to the application, and how.
- **not met**: it is not so, and why.
- **not applicable**: about a thing that is not here. Buckler is no authorization server: nobody else's programs ask it for consent."""


def entries() -> list[dict[str, Any]]:
    """The register, in its order."""
    found: list[dict[str, Any]] = tomllib.loads(REGISTER.read_text(encoding="utf-8"))["requirement"]
    return found


def wrong(item: dict[str, Any]) -> str:
    """What is wrong with an entry, or nothing."""
    lacking = [name for name in ("id", "level", "about", "state", "says") if not item.get(name)]
    if lacking or item["state"] not in STATES:
        return f"has no {', '.join(lacking) or 'known state'}"
    needed = STATES[item["state"]]
    if needed and not item.get(needed):
        return f"says {item['state']!r} without any `{needed}`"
    broken = [proof for proof in item.get("proof", ()) if missing(proof)]
    broken += [place for place in item.get("where", ()) if not (ROOT / place).exists()]
    return f"names {', '.join(broken)}, which does not exist" if broken else ""


def chapter(item: dict[str, Any]) -> str:
    """`V6` of `V6.2.1`."""
    return str(item["id"]).partition(".")[0]


def section(item: dict[str, Any]) -> str:
    """`V6.2` of `V6.2.1`."""
    return str(item["id"]).rpartition(".")[0]


def pages() -> dict[Path, str]:
    """The one page. Ends the program where an entry promises what is not there."""
    found = entries()
    problems = [f"{item.get('id', '?')} {wrong(item)}" for item in found if wrong(item)]
    if problems:
        sys.exit("\n".join(f"{REGISTER.relative_to(ROOT)}: {problem}" for problem in problems))
    parts = [NOTE.replace("the code. Edit the code", "docs/asvs.toml. Edit that"), "# ASVS 5.0", ABOUT, summary(found)]
    for name, items in groupby(found, key=chapter):
        parts.append(f"## {name}: {CHAPTERS[name]}")
        for part, rows in groupby(items, key=section):
            parts += [f"### {part}", table(("requirement", "level", "about", "state", "how", "shown by"), map(row, rows))]
    return {DOCS / "asvs.md": joined(*parts)}


def summary(found: list[dict[str, Any]]) -> str:
    """How many requirements of each chapter are in each state; levels 1 and 2, then level 3."""
    rows = []
    for name, items in groupby(found, key=chapter):
        mine = list(items)
        for label, levels in (("1 and 2", {1, 2}), ("3", {3})):
            counts = Counter(item["state"] for item in mine if item["level"] in levels)
            if counts:
                rows.append((f"{name}: {CHAPTERS[name]}", label, *(counts[state] or "" for state in STATES)))
    return table(("chapter", "level", *STATES), rows)


def row(item: dict[str, Any]) -> tuple[object, ...]:
    """One requirement."""
    shown = [code(proof) for proof in item.get("proof", ())] + [f"[{place}](../{place})" for place in item.get("where", ())]
    return (item["id"], item["level"], item["about"], item["state"], item["says"], "<br>".join(shown))
