"""What the generated pages read out of the source without running it: every problem, every kind of event, and where it stands."""

from __future__ import annotations

import ast
import inspect
from typing import TYPE_CHECKING, NamedTuple

from tools.docs.text import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SRC = ROOT / "src" / "buckler"
PROBLEM_FIELDS = ("code", "status", "title", "fix")


class Found(NamedTuple):
    """A call. `function`: the innermost function that it stands in, or None at the top of its module."""

    path: str
    call: ast.Call
    function: ast.FunctionDef | ast.AsyncFunctionDef | None

    @property
    def where(self) -> str:
        """`accounts.signin.out`: module and function, without the package's own name."""
        module = self.path.removeprefix("src/buckler/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        return f"{module}.{self.function.name}" if self.function else module

    @property
    def place(self) -> str:
        """File and line."""
        return f"{self.path}:{self.call.lineno}"

    @property
    def told(self) -> str:
        """The first sentence of the function's docstring."""
        doc = inspect.cleandoc(ast.get_docstring(self.function) or "") if self.function else ""
        return " ".join(doc.split("\n\n")[0].split()).partition(". ")[0].rstrip(".")


class Problem(NamedTuple):
    """One `Problem(…)` of the source."""

    module: str
    code: str
    status: int
    title: str
    fix: str


class Kind(NamedTuple):
    """One kind of event. `own_log`: a line of it is kept for the person whom it is about."""

    kind: str
    own_log: bool
    found: Found


def calls(top: Path, name: str) -> Iterator[Found]:
    """Every call of `name(…)` or `….name(…)` under a folder, file by file."""
    for file in sorted(top.rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        path = file.relative_to(ROOT).as_posix()
        yield from (Found(path, call, inside) for call, inside in _walk(tree, None) if _called(call) == name)


def _walk(
    node: ast.AST, inside: ast.FunctionDef | ast.AsyncFunctionDef | None
) -> Iterator[tuple[ast.Call, ast.FunctionDef | ast.AsyncFunctionDef | None]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call):
            yield child, inside
        yield from _walk(child, child if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)) else inside)


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id if isinstance(call.func, ast.Name) else ""


def problems() -> list[Problem]:
    """Every problem, in the order of the files. Raises ValueError for one whose texts are not written there."""
    made = []
    for found in calls(SRC, "Problem"):
        fields = dict(zip(PROBLEM_FIELDS, found.call.args, strict=False)) | {item.arg: item.value for item in found.call.keywords}
        texts = {name: ast.literal_eval(fields[name]) for name in PROBLEM_FIELDS}
        made.append(Problem(Found(found.path, found.call, None).where, **texts))
    return made


def events() -> list[Kind]:
    """Every kind of event that is not a refusal, by name. A kind that is put together shows its changing part in braces."""
    made = []
    for found in calls(SRC, "record"):
        if isinstance(found.call.func, ast.Attribute) and ast.unparse(found.call.func.value) == "visit":
            person = found.call.args[1:2] or [item.value for item in found.call.keywords if item.arg == "person"]
            own = bool(person) and ast.unparse(person[0]) != "None"
            made += [Kind(f"account.{kind}", own, found) for kind in _texts(found.call.args[0])]
    for found in calls(SRC, "Event"):
        made += [
            Kind(kind, own_log=False, found=found) for kind in _texts(found.call.args[0]) if kind != "account.{kind}"
        ]  # that one is `record` itself
    return sorted(made, key=lambda item: (item.kind, item.found.where))


def _texts(node: ast.expr) -> list[str]:
    """What an expression can say: a text, one of two texts, a text with a gap. Nothing for a refusal's own code."""
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, ast.IfExp):
        return [*_texts(node.body), *_texts(node.orelse)]
    if isinstance(node, ast.JoinedStr):
        return ["".join(str(part.value) if isinstance(part, ast.Constant) else f"{{{_gap(part)}}}" for part in node.values)]
    return []


def _gap(node: ast.expr) -> str:
    return ast.unparse(node.value) if isinstance(node, ast.FormattedValue) else "…"
