"""The public face as text: every public name with its signature, in the committed file tests/architecture/public_api.txt.

`api.py` compares, `api.py --write` writes. A change of the public face is then a line in the review, never an accident.
"""

from __future__ import annotations

import enum
import inspect
import re
import sys
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
SNAPSHOT = ROOT / "tests" / "architecture" / "public_api.txt"
MODULES = ("buckler", "buckler.accounts", "buckler.accounts.tables", "buckler.frameworks.fastapi", "buckler.testing")
AN_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
TOO_LONG = 60


def public_names(module: Any) -> list[str]:
    """The names that a module offers: `__all__`, or what it defines itself without an underscore."""
    if hasattr(module, "__all__"):
        return sorted(module.__all__)
    own = (name for name, value in vars(module).items() if getattr(value, "__module__", None) == module.__name__)
    return sorted(name for name in own if not name.startswith("_"))


def shown(value: object) -> str:
    """A default as text that does not change from run to run."""
    text = AN_ADDRESS.sub("", repr(value))
    return text if len(text) <= TOO_LONG else text[:TOO_LONG] + "…"


def signature(value: Any) -> str:
    """A callable's signature without the values of long defaults; its annotations as they are written."""
    try:
        made = inspect.signature(value)
    except (TypeError, ValueError):
        return ""
    parameters = [
        item if item.default is inspect.Parameter.empty else item.replace(default=_Shown(shown(item.default)))
        for item in made.parameters.values()
    ]
    return str(made.replace(parameters=parameters))


class _Shown:
    """Prints as the text that it holds."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def columns_of(name: str, table: Any) -> Iterator[str]:
    """A table as it is in an application's database: a change here is a migration there."""
    yield f"table {table.name}: {name}"
    for column in table.columns:
        keys = ", ".join(key.target_fullname for key in column.foreign_keys)
        yield f"    {column.name}: {column.type!r}{' or None' if column.nullable else ''}{f' → {keys}' if keys else ''}"


def lines_of(name: str, value: Any) -> Iterator[str]:
    """What a reader of the review must see of one name."""
    if inspect.isclass(value) and is_dataclass(value):
        yield f"class {name}"
        for field in fields(value):
            yield f"    {field.name}: {field.type} = {shown(getattr(value, field.name, '…'))}"
    elif inspect.isclass(value):
        yield f"class {name}{'' if issubclass(value, enum.Enum) else signature(value)}"
    elif callable(value):
        yield f"def {name}{signature(value)}"
        return
    else:
        yield f"{name}: {type(value).__name__}"
        return
    for key, member in sorted(vars(value).items()):
        if not key.startswith("_") and inspect.isfunction(member):
            yield f"    def {key}{signature(member)}"


def snapshot() -> str:
    """The public face, module by module."""
    rows: list[str] = ["# The public face. Written by `make docs`; a change here is a change for users and needs a fragment in changes/."]
    for name in MODULES:
        module = import_module(name)
        rows += ["", f"[{name}]"]
        for public in public_names(module):
            value = getattr(module, public)
            rows += columns_of(public, value.__table__) if hasattr(value, "__table__") else lines_of(public, value)
    return "\n".join(rows) + "\n"


def main() -> int:
    """Write or compare; return the exit code."""
    now = snapshot()
    if "--write" in sys.argv:
        SNAPSHOT.write_text(now, encoding="utf-8")
        return 0
    if SNAPSHOT.exists() and SNAPSHOT.read_text(encoding="utf-8") == now:
        return 0
    print("the public face has changed: `make docs` writes it down, and changes/ tells users why")
    return 1


if __name__ == "__main__":
    sys.exit(main())
