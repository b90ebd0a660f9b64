"""docs/past-mistakes.md: published mistakes of other systems, and the case or test that shows them not repeated here.

The data is docs/past_mistakes.toml. A proof that names no existing case or test is an error, so the page cannot promise too much.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from typing import TYPE_CHECKING, Any

from buckler.accounts.cases import CASES
from buckler.protections import DEFAULTS
from tools.docs.text import DOCS, NOTE, ROOT, code, joined, table

if TYPE_CHECKING:
    from pathlib import Path

REGISTER = DOCS / "past_mistakes.toml"
ABOUT = """Advisories and known classes of mistakes in systems of this kind. Every one that touches a part that exists has a proof: a *case*
(an attack that is played where everything is on, and where everything is off or done carelessly, and there it must succeed) or a *test*."""


def entries() -> list[dict[str, Any]]:
    """The register, in its order."""
    found: list[dict[str, Any]] = tomllib.loads(REGISTER.read_text(encoding="utf-8"))["mistake"]
    return found


def cases() -> set[str]:
    """The name of every case: `hosts.port`, `accounts.word_list`."""
    return {f"{kind.card.name}.{case.name}" for kind in DEFAULTS for case in kind.cases} | {f"accounts.{case.name}" for case in CASES}


def missing(proof: str) -> bool:
    """Whether a proof names nothing that exists. `case:hosts.port` or `tests/core/test_sign.py::test_name`."""
    if proof.startswith("case:"):
        return proof.removeprefix("case:") not in cases()
    file, _, name = proof.partition("::")
    if not (ROOT / file).is_file() or not name:
        return True
    nodes = ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8")))
    return all(node.name != name for node in nodes if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))


def pages() -> dict[Path, str]:
    """The one page. Ends the program where a proof does not exist."""
    done, later = [], []
    for item in entries():
        broken = [proof for proof in item.get("proof", ()) if missing(proof)]
        if broken:
            sys.exit(f"{REGISTER.relative_to(ROOT)}: {item['ids'][0]}: there is no {', '.join(broken)}")
        ids = ", ".join(item["ids"])
        if item.get("proof"):
            done.append((ids, item["peer"], item["lesson"], "<br>".join(code(proof) for proof in item["proof"])))
        else:
            later.append((ids, item["peer"], item["lesson"], item["later"]))
    made = joined(
        NOTE,
        "# Past mistakes",
        ABOUT,
        table(("advisory", "where", "what must hold here", "proof"), done),
        "## Not yet",
        "These belong to parts that do not exist yet.",
        table(("advisory", "where", "what must hold", "part"), later),
    )
    return {DOCS / "past-mistakes.md": made}
