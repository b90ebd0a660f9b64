"""The door of accounts to Jinja2, for letters and pages. Everything is escaped, nothing may be undefined.

Templates are looked for in the application's folders first, then in Buckler's: a file of the same name takes the place of ours. It can
still build on ours, which `buckler/` names: `{% extends "buckler/pages/sign_in.html" %}`.

In every template: `say("pages.sign_in.title", name=…)`, `lines(…)` for a list, `when(at)` for a time, `problem(error)` for (title, fix),
`language`. A macro that says something is imported `with context`.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined, nodes

from buckler.accounts.texts import OWN
from buckler.core.options import need

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from buckler.accounts.texts import Texts

_TEXTS = ("say", "lines")
_SHOWN = 5  # an error is to be read


class Renderer:
    """`folders`: the application's own, the first one first; `texts` of the same folders. `reload`: look for changed files at every use."""

    def __init__(self, folders: Sequence[str | Path], texts: Texts, *, reload: bool = False) -> None:
        self.texts = texts
        own = FileSystemLoader(OWN)
        self._loader = ChoiceLoader([*map(FileSystemLoader, folders), own, PrefixLoader({"buckler": own})])
        self.environment = Environment(
            loader=self._loader,
            autoescape=True,  # whatever the file is called; the text of a letter switches it off in its own template
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=reload,
        )

    def text(self, template: str | Sequence[str], language: str, /, **values: Any) -> str:
        """Return the rendered template, or the first of several that exists. Raises Jinja2's `TemplateError`."""
        texts = self.texts
        own = {name: partial(getattr(texts, name), language) for name in ("say", "lines", "when", "problem")}
        names = [template] if isinstance(template, str) else list(template)
        return self.environment.select_template(names).render({**values, **own, "language": texts.nearest(language) or texts.languages[0]})

    def check(self) -> None:
        """Read every template. Raises `ConfigError` for a text that English lacks, and Jinja2's `TemplateSyntaxError`."""
        names = self.environment.list_templates(extensions=["html", "txt"])
        lost = {key: name for name in names for key in self._said(name) if key not in self.texts}
        shown = [f"{key} ({name})" for key, name in list(lost.items())[:_SHOWN]]
        need(not lost, "templates", ", ".join(shown), f"words/en.toml has no such texts ({len(lost)} in all)")

    def _said(self, name: str) -> frozenset[str]:
        return _said_in(self._loader.get_source(self.environment, name)[0], name.removeprefix("buckler/"))


@lru_cache(maxsize=512)
def _said_in(source: str, name: str) -> frozenset[str]:
    """Return the key of every text that a template says in so many words. Kept, because reading all templates takes a tenth of a second,
    and most of them are there twice."""
    calls = Environment(autoescape=True).parse(source, name).find_all(nodes.Call)
    said = (call.args[0] for call in calls if isinstance(call.node, nodes.Name) and call.node.name in _TEXTS and call.args)
    return frozenset(key.value for key in said if isinstance(key, nodes.Const))
