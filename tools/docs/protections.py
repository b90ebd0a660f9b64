"""One page a protection, from its docstring, its options, its card and its cases."""

from __future__ import annotations

import inspect
from dataclasses import fields
from importlib import import_module
from typing import TYPE_CHECKING, Any

from buckler.guard.plan import make_site
from buckler.guard.routes import RouteTable
from buckler.protections import DEFAULTS
from tools.docs import figures, reasons
from tools.docs.text import DOCS, NOTE, code, joined, sections, table

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from buckler.core.case import Case

HERE = DOCS / "protections"


def pages() -> dict[Path, str]:
    """Every protection's page, and the list of all."""
    made = {HERE / f"{kind.card.name}.md": page(kind) for kind in DEFAULTS}
    made[HERE / "README.md"] = joined(NOTE, "# The protections", "All are on by default, and act in this order.", overview("{name}.md"))
    return made


def summary(kind: Any) -> str:
    """The first sentence of a protection's docstring, without its name."""
    first, _ = sections(import_module(kind.__module__).__doc__ or "")
    said = first.split(": ", 1)[1] if ": " in first else first
    return said[:1].upper() + said[1:]


def overview(link: str) -> str:
    """The table of all protections in their order. `link` is where a page is, with `{name}` in it."""
    rows = []
    for kind in DEFAULTS:
        name = kind.card.name
        attacks = sum(not case.honest for case in kind.cases)
        rows.append((f"[`{name}`]({link.format(name=name)})", code(kind.__name__), summary(kind), attacks))
    return table(("protection", "class", "what it is for", "attacks played"), rows)


def page(kind: Any) -> str:
    """The page of one protection."""
    first, told = sections(import_module(kind.__module__).__doc__ or "")
    parts = [NOTE, f"# {first}"]
    for heading in ("Stops", "How", "Does not stop", "Turn off when"):
        parts += [f"## {heading}", told.get(heading, "")]
    parts += [f'```python\noff({kind.__name__}, because="…")\n```']
    parts += ["## Options", inspect.cleandoc(kind.__doc__ or ""), options(kind)]
    parts += headers(kind)
    if kind.card.refusals:
        parts += ["## Refusals", refusals(kind.card.refusals)]
    parts += ["## What it stops", stopped(case for case in kind.cases if not case.honest)]
    parts += ["## Who passes", passing(case for case in kind.cases if case.honest)]
    parts += figures.cost_of(kind.card.name)
    if kind.card.needs:
        parts += ["## Needs", "Some of its work needs " + ", ".join(f"[`{name}`]({name}.md)" for name in kind.card.needs) + "."]
    parts += ["## Sources", told.get("Sources", "")]
    return joined(*parts)


def options(kind: Any) -> str:
    """Name, type, default and its reason, of every option."""
    rows = []
    for field in fields(kind):
        kept = reasons.default(field)
        rows.append((code(field.name), code(field.type), code(reasons.shown(kept)), reasons.reason(kind, field.name)))
    return table(("option", "type", "default", "because"), rows)


def headers(kind: Any) -> list[str]:
    """The constant headers that it sends with its default options, if any."""
    site = make_site({"hosts": ["shop.example"], "secrets": [b"a secret of the docs generator, thirty-two bytes"]})
    site.offers["routes"] = RouteTable(None)
    sent = kind().steps(site).headers
    lines = [f"{name.decode()}: {value.decode()}" for name, value in sent]
    return ["## Sends with every response", "```http\n" + "\n".join(lines) + "\n```"] if lines else []


def refusals(values: Iterable[Any]) -> str:
    """The table of refusals."""
    rows = [(code(item.code), item.status, item.title, item.advice) for item in values]
    return table(("code", "status", "what it says", "what an honest visitor can do"), rows)


def stopped(cases: Iterable[Case]) -> str:
    """The attacks. Each is played as a test: alone on, with all others, and with everything off, where it must succeed."""
    rows = [(code(case.name), case.story, code(case.refused), ", ".join(case.sources)) for case in cases]
    return table(("case", "the attack", "ends with", "from"), rows)


def passing(cases: Iterable[Case]) -> str:
    """The honest traffic that must pass."""
    return table(("case", "the visitor"), [(code(case.name), case.story) for case in cases])
