"""`buckler explain`: what a refusal means, from the same docstring and cases as the docs page."""

from __future__ import annotations

import inspect
import sys
from difflib import get_close_matches
from typing import TYPE_CHECKING

import click
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from buckler.cli.say import screen
from buckler.errors import ConfigError
from buckler.guard.refuse import GUARD_REFUSALS
from buckler.protections import DEFAULTS

if TYPE_CHECKING:
    from rich.console import Console

    from buckler.core.answer import Refusal
    from buckler.core.case import Case


@click.command()
@click.argument("code", required=False)
def explain(code: str | None) -> None:
    """Explain CODE: a refusal such as csrf.cross_site, or a protection such as csrf. Without CODE, list them all."""
    refusals = {refusal.code: refusal for kind in DEFAULTS for refusal in kind.card.refusals}
    refusals |= {refusal.code: refusal for refusal in GUARD_REFUSALS}
    kinds = {kind.card.name: kind for kind in DEFAULTS}
    console = screen()
    if code is None:
        _list(console, refusals)
    elif code in refusals:
        name = code.partition(".")[0]
        cases = [case for case in kinds[name].cases if case.refused == code] if name in kinds else []
        _show_refusal(console, refusals[code], cases)
        if name in kinds:
            _show_page(console, kinds[name])
    elif code in kinds:
        _show_page(console, kinds[code])
    else:
        close = get_close_matches(code, [*refusals, *kinds], n=1)
        hint = f"did you mean `{close[0]}`?" if close else "`buckler explain` lists what there is"
        raise ConfigError("CODE", code, f"there is no such refusal; {hint}")


def _list(console: Console, refusals: dict[str, Refusal]) -> None:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for code, refusal in sorted(refusals.items()):
        table.add_row(f"[bold]{code}[/]", str(refusal.status), escape(refusal.title))
    console.print(table)


def _show_refusal(console: Console, refusal: Refusal, cases: list[Case]) -> None:
    console.print(f"[bold]{refusal.code}[/]  {refusal.status}  {escape(refusal.title)}")
    console.print(f"[dim]To the visitor:[/] {escape(refusal.advice)}\n")
    if cases:
        console.print("[bold]What ends so:[/]")
        for case in cases:
            sources = f" [dim]({', '.join(case.sources)})[/]" if case.sources else ""
            console.print(Padding(f"- {escape(case.story)}{sources}", (0, 0, 0, 4), expand=False))
        console.print()


def _show_page(console: Console, kind: type) -> None:
    page = inspect.getdoc(sys.modules[kind.__module__]) or ""
    for line in page.splitlines():
        heading = line.endswith(":") and not line.startswith(" ")
        console.print(f"[bold]{escape(line)}[/]" if heading else escape(line))
