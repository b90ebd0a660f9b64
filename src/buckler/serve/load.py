"""Finds the application that `module:attribute` names; every way to get it wrong is one sentence with the fix."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from buckler.errors import BucklerError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

OPTION = "APP"


class Loaded(NamedTuple):
    """The application and its module. The module may offer more: `prepare`, `demo`, `target`, `rehearsal` (see docs/serve.md)."""

    app: Any
    module: ModuleType

    def offer(self, name: str) -> Any:
        """Return what the module offers under `name`, or None."""
        return getattr(self.module, name, None)


def load(path: str) -> Loaded:
    """Import `module:attribute` (attribute `app` by default), with the current folder first on the import path.

    Raises `ConfigError`: no such module or attribute (with "did you mean"), or the module fails while it is imported. A
    `ConfigError` of the application's own passes unchanged.
    """
    name, _, attribute = path.partition(":")
    attribute = attribute or "app"
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    module = _module(name, path)
    app = getattr(module, attribute, None)
    if app is None:
        raise ConfigError(OPTION, path, _nearest(attribute, _callables(module), f"{name} has no `{attribute}`", f"{name}:"))
    if not callable(app):
        raise ConfigError(OPTION, path, f"`{attribute}` is no ASGI application but {type(app).__name__}")
    return Loaded(app, module)


def _module(name: str, path: str) -> ModuleType:
    if not name or not all(part.isidentifier() for part in name.split(".")):
        raise ConfigError(OPTION, path, "give module:attribute, as in examples.conduit:app")
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as failure:
        missing = failure.name or name
        if name == missing or name.startswith(missing + "."):
            raise ConfigError(OPTION, path, _no_module(name)) from failure
        fix = f"{name} needs the module `{missing}`, which is not installed"
        raise ConfigError(OPTION, path, fix) from failure
    except BucklerError:
        raise
    except Exception as failure:
        raise ConfigError(OPTION, path, f"{name} fails while it is imported: {_said(failure)}") from failure


def _said(failure: BaseException) -> str:
    """What went wrong and where, in one line: the last place in the traceback is the one to look at."""
    trace = failure.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" ({trace.tb_frame.f_code.co_filename}, line {trace.tb_lineno})" if trace is not None else ""
    return f"{type(failure).__name__}: {failure}{where}".replace("\n", " ")


def _no_module(name: str) -> str:
    """The nearest name beside the first part of the path that does not exist."""
    parent, _, last = name.rpartition(".")
    if parent and not _exists(parent):
        return _no_module(parent)
    found = f"there is no module `{name}`"
    search = importlib.import_module(parent).__path__ if parent else [str(Path.cwd())]
    siblings = [item.name for item in pkgutil.iter_modules(search)]
    siblings += [item.name for folder in search for item in Path(folder).iterdir() if item.is_dir() and item.name.isidentifier()]
    return _nearest(last, siblings, found, f"{parent}." if parent else "")


def _exists(name: str) -> bool:
    try:
        found = importlib.util.find_spec(name)
    except ModuleNotFoundError:
        return False
    return found is not None and found.submodule_search_locations is not None


def _nearest(word: str, known: Iterable[str], found: str, prefix: str) -> str:
    close = get_close_matches(word, sorted(set(known)), n=1, cutoff=0.5)
    return f"{found}; did you mean `{prefix}{close[0]}`?" if close else found


def _callables(module: ModuleType) -> list[str]:
    return [name for name, value in vars(module).items() if callable(value) and not name.startswith("_")]
