"""docs/why/defaults.md: the reason for each default, read from the comment beside it.

A default that is a number or a text needs one: `flood: str = "600/minute"  # ten requests a second …`, beside the option or beside the
constant that it names. `tests/architecture` fails where there is none.
"""

from __future__ import annotations

import ast
import inspect
import tokenize
from dataclasses import MISSING, fields
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

from buckler.protections import DEFAULTS
from tools.docs.text import DOCS, NOTE, code, joined, table

ABOUT = """*2026-11.* Each protection is on because of what its page lists under *Stops*. This is the reason for each number and each
choice, read from the comment beside it in the code."""


@cache
def _file(path: Path) -> tuple[ast.Module, dict[int, str], set[int]]:
    """A file's tree, its comments by line, and which of them have their line to themselves."""
    text = path.read_text(encoding="utf-8")
    comments, alone = {}, set()
    for token in tokenize.generate_tokens(StringIO(text).readline):
        if token.type == tokenize.COMMENT and not token.string.startswith(("# noqa", "# type:")):
            comments[token.start[0]] = token.string.lstrip("# ").strip()
            if token.line.strip().startswith("#"):
                alone.add(token.start[0])
    return ast.parse(text), comments, alone


def _beside(node: ast.stmt, path: Path) -> str:
    """The comment on the statement's lines, or the ones that stand directly above it."""
    _, comments, alone = _file(path)
    own = " ".join(comments[line] for line in range(node.lineno, (node.end_lineno or node.lineno) + 1) if line in comments)
    above: list[str] = []
    line = node.lineno - 1
    while not own and line in alone:
        above.insert(0, comments[line])
        line -= 1
    return own or " ".join(above)


def _of_constant(folder: Path, name: str) -> str:
    """The comment beside a constant, wherever it is made in the protection's folder or in the core."""
    for path in (*sorted(folder.glob("*.py")), *sorted((folder.parents[1] / "core").glob("*.py"))):
        for node in _file(path)[0].body:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
            if any(isinstance(target, ast.Name) and target.id == name for target in targets):
                return _beside(node, path)
    return ""


def reason(kind: Any, option: str) -> str:
    """The reason for an option's default, or nothing."""
    path = Path(inspect.getsourcefile(kind) or "")
    for node in ast.walk(_file(path)[0]):
        if isinstance(node, ast.ClassDef) and node.name == kind.__name__:
            for item in node.body:
                if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name) and item.target.id == option:
                    named = [inner.id for inner in ast.walk(item.value or item) if isinstance(inner, ast.Name)]
                    return _beside(item, path) or next(filter(None, (_of_constant(path.parent, name) for name in named)), "")
    return ""


def default(field: Any) -> Any:
    """The default of a dataclass's field."""
    if field.default is not MISSING:
        return field.default
    return field.default_factory() if field.default_factory is not MISSING else None


def wants_reason(value: Any) -> bool:
    """Whether a default is a choice that somebody must be able to question: switches that are off and empty lists are not."""
    return not isinstance(value, bool) and bool(value)


def shown(value: Any) -> str:
    """A default as it is read best."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return repr(value)


def pages() -> dict[Path, str]:
    """The one page."""
    rows = [
        (
            f"[`{kind.card.name}`](../protections/{kind.card.name}.md)",
            code(field.name),
            code(shown(default(field))),
            reason(kind, field.name),
        )
        for kind in DEFAULTS
        for field in fields(kind)
        if wants_reason(default(field))
    ]
    made = joined(NOTE, "# Why these defaults?", ABOUT, table(("protection", "option", "default", "because"), rows))
    return {DOCS / "why" / "defaults.md": made}
