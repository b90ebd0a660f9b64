"""docs/errors.md: the exception tree, from its docstrings."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from buckler import errors
from tools.docs.text import DOCS, NOTE, joined

if TYPE_CHECKING:
    from pathlib import Path

ABOUT = """Sorted by who must act: `ConfigError` is for the developer and comes at startup only, `VerificationError` for the caller,
`BackendError` for the operator. A refused request is not among them: it is a [refusal](refusals.md), a value."""


def pages() -> dict[Path, str]:
    """The one page."""
    parts = [NOTE, "# Errors", ABOUT, *below(errors.BucklerError, 2)]
    return {DOCS / "errors.md": joined(*parts)}


def below(kind: type[errors.BucklerError], level: int) -> list[str]:
    """A class and, under it, what derives from it in the same module."""
    told = inspect.cleandoc(kind.__doc__ or "")
    made = [f'{"#" * level} <a id="{kind.code}"></a>`{kind.__name__}`', f"{told}\n\nCode: `{kind.code}`"]
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            made += below(child, min(level + 1, 5))
    return made
