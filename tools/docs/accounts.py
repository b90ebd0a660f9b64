"""docs/accounts/reference.md and api.md, and the list of files in pages.md: from docstrings, signatures and the API's description."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, get_args

from fastapi import FastAPI

from buckler import accounts
from buckler.accounts.profile import NoProfile
from buckler.accounts.texts import OWN
from buckler.frameworks.fastapi import accounts as depends
from buckler.frameworks.fastapi.accounts import api
from tools.docs import reasons
from tools.docs.text import DOCS, NOTE, code, joined, region, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HERE = DOCS / "accounts"
_CALLER = re.compile(r"caller\s+(has\s+)?(ends\s+sessions,\s+and\s+)?commit")
OPTIONS: tuple[type[Any], ...] = (
    accounts.Accounts,
    accounts.Passwords,
    accounts.PwnedRange,
    accounts.Throttle,
    accounts.Tokens,
    accounts.Provider,
    accounts.SMTP,
    accounts.Paths,
)
PLAIN: tuple[type[Any], ...] = (
    accounts.MailFolder,
    accounts.Field,
    accounts.Profile,
    accounts.SignedIn,
    accounts.Visit,
    accounts.AccountError,
    accounts.Problem,
)
# In the order in which somebody meets them.
ACTS = (
    *("signup", "verify", "signin", "fresh", "confirm", "password", "reset", "email", "totp", "recovery", "passkeys", "factors"),
    *("browsers", "devices", "tokens.personal", "tokens.refresh", "roles", "providers.flow", "providers.links"),
    *("activity", "export", "deletion", "people", "throttle"),
)
ABOUT = """How to begin: [accounts in ten minutes](start.md). What can be wrong: [problems](../problems.md). What is recorded:
[events](../events.md)."""
ABOUT_OPTIONS = """Options are named when they are given, and judged when the object is made: what cannot work raises `ConfigError` at
startup. A field without a default must be given."""
ABOUT_DEPENDENCIES = "Names of `buckler.frameworks.fastapi.accounts`; [which one when](start.md)."
ABOUT_ACTS = """What the pages and the API call, and an application with an interface of its own. Each is a function of a module of
`buckler.accounts` and takes the `Visit` first, which `VisitDep` gives to a route. *Commits*: "itself", or "you": then nothing is
true, and no mail leaves, before `await visit.commit()`."""
ABOUT_API = """For single-page and mobile clients; everything that the pages can do, with the same limits, and problem details
([codes](../problems.md)) where something is wrong. Paths begin with `Paths.api`, which is `/account/api`. A browser keeps the session
cookie. A client without cookies signs in, second factor included, and exchanges the session for tokens: `POST /programs`; later requests
have `Authorization: Bearer …`. *Who*: "anybody", or somebody signed in by session. A field in brackets may be left out. The
same as OpenAPI: `app.openapi()`."""


def pages() -> dict[Path, str]:
    """The reference, the API, and a region of a hand-written page."""
    file = HERE / "pages.md"
    return {
        HERE / "reference.md": reference(),
        HERE / "api.md": joined(NOTE, "# The JSON API of accounts", ABOUT_API, *operations()),
        file: region(file.read_text(encoding="utf-8"), "templates", templates()),
    }


def reference() -> str:
    """Options, classes, dependencies, acts."""
    parts = [NOTE, "# Reference of accounts", ABOUT, "## Options", ABOUT_OPTIONS]
    for kind in OPTIONS:
        parts += [f"### `{kind.__name__}`", inspect.cleandoc(kind.__doc__ or ""), options(kind)]
    parts += ["## Other names of `buckler.accounts`"]
    for kind in PLAIN:
        parts += [f"### `{kind.__name__}`", inspect.cleandoc(kind.__doc__ or ""), methods(kind)]
    parts += ["## Dependencies of FastAPI", ABOUT_DEPENDENCIES, table(("name", "what it does"), dependencies()), "## Acts", ABOUT_ACTS]
    for name in ACTS:
        parts += [f"### `{name}`", table(("act", "commits", "what it does"), acts(name))]
    return joined(*parts)


def options(kind: Any) -> str:
    """Name, type, default and the reason for it."""
    rows = []
    for field in fields(kind):
        needed = field.default is MISSING and field.default_factory is MISSING
        shown = "" if needed else _shown(reasons.default(field))
        rows.append((code(field.name), code(field.type), code(shown), reasons.reason(kind, field.name)))
    return table(("option", "type", "default", "because"), rows)


def _shown(value: Any) -> str:
    if is_dataclass(value) or isinstance(value, NoProfile) or type(value).__name__ == "Http":
        return f"{type(value).__name__}()"
    return reasons.shown(value)


def methods(kind: Any) -> str:
    """The methods and properties that somebody calls, of a class that is no options object."""
    rows = []
    for name, found in vars(kind).items():
        told = inspect.getdoc(found) if not name.startswith("_") and (inspect.isfunction(found) or isinstance(found, property)) else None
        if told:
            rows.append((code(called(name, found) if inspect.isfunction(found) else name), told))
    return table(("", "what it does"), rows)


def dependencies() -> Iterator[tuple[str, str]]:
    """What the package of FastAPI offers."""
    for name in sorted(depends.__all__, key=str.lower):
        found = getattr(depends, name)
        behind = get_args(found)[1].dependency if get_args(found) else found
        yield code(name if get_args(found) else called(name, found)), inspect.getdoc(behind) or ""


def acts(name: str) -> Iterator[tuple[str, str, str]]:
    """The public coroutine functions of a module, or of a package as its `__init__` lists them."""
    module = import_module(f"buckler.accounts.{name}")
    for word in getattr(module, "__all__", vars(module)):
        act = getattr(module, word)
        own = inspect.isfunction(act) and not word.startswith("_") and act.__module__.startswith(module.__name__)
        if own and next(iter(inspect.signature(act).parameters), "") == "visit":
            yield (
                code(called(f"await {word}" if inspect.iscoroutinefunction(act) else word, act)),
                who_commits(act),
                inspect.getdoc(act) or "",
            )


def called(name: str, function: Callable[..., Any]) -> str:
    """How it is called: names and defaults, without types."""
    given = inspect.signature(function)
    plain = [item.replace(annotation=inspect.Parameter.empty) for item in given.parameters.values() if item.name != "self"]
    return f"{name}{given.replace(parameters=plain, return_annotation=inspect.Signature.empty)}"


def who_commits(act: Callable[..., Any]) -> str:
    """`you` where the docstring says so, `itself` where the code does; nothing for what only reads."""
    if _CALLER.search(act.__doc__ or ""):
        return "you"
    return "itself" if _commits(act) else ""


@cache
def _commits(act: Callable[..., Any]) -> bool:
    """Whether it, or what it calls, commits."""
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(act)))):
        if isinstance(node, ast.Call):
            said = ast.unparse(node.func)
            if said in {"visit.commit", "visit.db.commit"}:
                return True
            called_act = _resolved(said, act)
            if inspect.iscoroutinefunction(called_act) and called_act is not act and _commits(called_act):
                return True
    return False


def _resolved(said: str, act: Any) -> Any:
    first, *rest = said.split(".")
    found = act.__globals__.get(first)
    for name in rest:
        found = getattr(found, name, None)
    return found if str(getattr(found, "__module__", "")).startswith("buckler.accounts.") else None


def operations() -> Iterator[str]:
    """A table for each part of the API."""
    app = FastAPI()
    app.include_router(api.router())
    described = app.openapi()
    open_to_all = {(method, route.path) for part in api.PARTS for route in part.router.routes for method in route.methods if _open(route)}
    shapes = described["components"]["schemas"]
    groups: dict[str, list[tuple[str, str, str, str]]] = {}
    for path, methods_of in described["paths"].items():
        for method, found in methods_of.items():
            who = "anybody" if (method.upper(), path) in open_to_all else "signed in"
            row = (code(f"{method.upper()} {path}"), who, _takes(found, shapes), found["description"])
            groups.setdefault(found["tags"][0], []).append(row)
    for tag, rows in groups.items():
        yield f"## {tag}"
        yield table(("request", "who", "takes", "what it does"), rows)


def _open(route: Any) -> bool:
    return any(getattr(child.call, "__buckler_rule__", "") == "public" for child in route.dependant.dependencies)


def _takes(found: dict[str, Any], shapes: dict[str, Any]) -> str:
    asked = [code(f"?{item['name']}=") for item in found.get("parameters", ()) if item["in"] == "query"]
    if "requestBody" in found:
        shape = shapes[found["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]]
        needed = shape.get("required", ())
        asked += [code(name) if name in needed else f"[{code(name)}]" for name in shape["properties"]]
    return ", ".join(asked)


def templates() -> str:
    """The names that a file of the application may have, and the tables of texts."""
    rows = []
    for folder in ("pages", "pages/static", "letters", "words"):
        names = sorted(file.name for file in (OWN / folder).iterdir() if file.is_file())
        rows.append((code(f"{folder}/"), " ".join(map(code, names))))
    return table(("folder", "files"), rows)
