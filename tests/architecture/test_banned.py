"""What must not be in the tree."""

from __future__ import annotations

import ast
import re

import pytest

from tests.architecture.tree import committed, imports, parsed, python_files, text

TEXTS = [name for name in committed() if not name.endswith((".png", ".ico", ".woff2", ".db", ".gz"))]
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b|NotImplemented" + r"Error\b")
# Folders of somebody's own machine, and the servers that packages come from: a lock or page that names one works only there.
OWN_MACHINE = re.compile(r"(?<![\w.$}~-])/(?:home|root|work|farm|Users)/\w|/tmp/(?!\{)\w+/\w")
REGISTRY = re.compile(r"https?://[^\s\"')]*(?:pypi|pythonhosted|npmjs|registry|mirror|simple/)", re.IGNORECASE)


def test_no_assert_in_the_package() -> None:
    for name in python_files("src/"):
        lines = [node.lineno for node in ast.walk(parsed(name)) if isinstance(node, ast.Assert)]
        assert not lines, f"{name}:{lines}: `python -O` removes an assert; raise, or return a refusal"


def _catches_everything(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or (isinstance(kind, ast.Name) and kind.id in {"Exception", "BaseException"}) for kind in kinds)


def test_what_catches_everything_raises_again() -> None:
    for name in python_files("src/"):
        for node in ast.walk(parsed(name)):
            if isinstance(node, ast.ExceptHandler) and _catches_everything(node):
                again = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
                assert again, f"{name}:{node.lineno}: catches every exception and swallows it"


def test_nothing_is_mocked() -> None:
    for name in python_files():
        for found in imports(name):
            mocked = "mock" in found.module.split(".") or (found.module == "unittest" and "mock" in found.names)
            assert not mocked, f"{name}:{found.line}: a fake clock, a memory store and a real ASGI app instead of mocks"


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        (UNFINISHED, "unfinished: do it, or file an issue"),
        (OWN_MACHINE, "names a folder of one machine"),
        (REGISTRY, "names a registry: it must install from whichever one is configured"),
    ],
    ids=["unfinished", "own_machine", "registry"],
)
def test_no_text_has(pattern: re.Pattern[str], why: str) -> None:
    found = []
    for name in TEXTS:
        for number, line in enumerate(text(name).splitlines(), 1):
            if pattern.search(line):
                found.append(f"{name}:{number}: {line.strip()[:100]}")
    assert not found, f"{why}: {found}"


def test_every_silenced_warning_says_why() -> None:
    """`# noqa: RULE  # reason` and `# type: ignore[code]  # reason`: the reason stands on the line."""
    silenced = re.compile(r"#\s*(?:noqa\b(?:: ?[A-Z0-9, ]+)?|type: ignore(?:\[[\w, -]+\])?|pragma: no (?:cover|branch))")
    bare = []
    for name in python_files():
        for number, line in enumerate(text(name).splitlines(), 1):
            marks = list(silenced.finditer(line))
            if marks and not re.search(r"#\s*\S.*\w", line[marks[-1].end() :]) and "re.compile" not in line:
                bare.append(f"{name}:{number}: {line.strip()[:100]}")
    assert not bare, bare
