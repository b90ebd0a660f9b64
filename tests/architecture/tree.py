"""The committed tree as data: what the architecture tests read."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src"


@cache
def committed() -> tuple[str, ...]:
    """Every file that git knows or would add, by its path from the root. Outside a repository: every file of the folders we keep."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        return tuple(sorted(name for name in set(listed.stdout.splitlines()) if (ROOT / name).is_file()))
    kept = ("src", "tests", "tools", "bench", "examples", "docs", "changes", "requirements")
    return tuple(sorted(str(file.relative_to(ROOT)) for top in kept for file in (ROOT / top).rglob("*") if file.is_file()))


def python_files(*tops: str) -> list[str]:
    """The committed Python files under any of `tops`; all of them without."""
    return [name for name in committed() if name.endswith(".py") and (not tops or name.startswith(tops))]


@cache
def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@cache
def parsed(name: str) -> ast.Module:
    return ast.parse(text(name), name)


class Import(NamedTuple):
    """`module` is absolute; `names` are what is taken out of it (empty for `import module`)."""

    module: str
    names: tuple[str, ...]
    line: int


def imports(name: str) -> list[Import]:
    """Every import of a file, also those inside functions and under TYPE_CHECKING."""
    found = []
    for node in ast.walk(parsed(name)):
        if isinstance(node, ast.Import):
            found += [Import(item.name, (), node.lineno) for item in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append(Import("." * node.level + (node.module or ""), tuple(item.name for item in node.names), node.lineno))
    return found


def functions(name: str) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function of a file, nested ones and methods too."""
    return [node for node in ast.walk(parsed(name)) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
