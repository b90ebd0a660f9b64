"""The sheet in a terminal: readable at 100 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from buckler.balance.benefit import Verdict
from buckler.balance.record import Kind

if TYPE_CHECKING:
    from rich.console import Console

    from buckler.balance.pairs import Interval
    from buckler.balance.sheet import Row, Sheet

_NONE = "[dim]-[/]"


def show(console: Console, sheet: Sheet, *, details: bool = False) -> None:
    """Print table, notes, liabilities and failures."""
    console.print(f"\n[bold]{escape(sheet.app)}[/]  what each protection costs a request, and what only it stops\n")
    console.print(_table(sheet))
    console.print(
        "[dim]Cost: a request with it, less one without it, all others on, on the dearest route of each kind. ops: bytecodes. "
        "µs: medians, ± half of the 95 % interval; dim where that includes 0. alone: attacks that succeed as soon as it is off. "
        "shared: attacks that another stops too. probe: further attacks that this application has no place for, that fail there even "
        "with everything off, or that cannot be tried because it needs the protection; stopped on one that trusts everybody.[/]"
    )
    notes = [(row.name, note) for row in sheet.rows if (note := row.note())]
    _section(console, "Notes", [f"{name}: {note}" for name, note in notes] + sheet.remarks)
    _section(console, "Liabilities", [_liability(item.name, item.mode, item.because, item.open) for item in sheet.liabilities])
    if details:
        for row in sheet.rows:
            _section(console, f"Only {row.name} stops", [item.story for item in row.played if item.verdict == Verdict.ALONE])
    if sheet.failures:
        _section(console, "[red]Fails[/]", sheet.failures)
    else:
        console.print("\n[green]Everything that is on does what it says, and hinders nobody.[/]")


def _table(sheet: Sheet) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold", collapse_padding=True)
    table.add_column("\nprotection", no_wrap=True)
    for kind in Kind:
        table.add_column("\nops", justify="right", no_wrap=True)
        table.add_column(f"{kind.value}\nµs", justify="right", no_wrap=True)
    for name in ("refusal\nµs", "stops\nalone", "\nshared", "\nprobe", "honest\nrefused"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in sheet.rows:
        table.add_row(*_costs(row), *_benefit(row))
    table.add_section()
    table.add_row(*_costs(sheet.all, "all together"), *_sums(sheet), style="bold")
    table.add_row(*_costs(sheet.guard, "bare guard"), "", "", "", "", "")
    return table


def _costs(row: Row, name: str = "") -> list[str]:
    cells = [name or (f"[yellow]{row.name}[/]" if row.report_only else row.name)]
    for kind in Kind:
        share = row.by_kind.get(kind.value)
        cells += [str(share.bytecodes), us(share.us)] if share else [_NONE, _NONE]
    return cells


def us(interval: Interval) -> str:
    """Return median and half-width; dim where nothing is proved."""
    half = (interval.high - interval.low) / 2
    text = f"{interval.median:.1f} ±{half:.1f}" if abs(interval.median) >= 10 else f"{interval.median:.2f} ±{half:.2f}"
    return f"[dim]{text}[/]" if interval.low <= 0 <= interval.high else text


def _benefit(row: Row) -> list[str]:
    refused, bad = row.how_many(Verdict.REFUSED), bool(row.failures())
    alone = row.how_many(Verdict.ALONE)
    return [
        f"{row.refusal_us.median:.1f}" if row.refusal_us else _NONE,
        f"[red]{alone}[/]" if bad else str(alone),
        str(row.how_many(Verdict.ALSO)),
        str(row.stopped_elsewhere()),
        f"[red]{refused}[/]" if refused else str(refused),
    ]


def _sums(sheet: Sheet) -> list[str]:
    alone, shared, refused = (sum(row.how_many(it) for row in sheet.rows) for it in (Verdict.ALONE, Verdict.ALSO, Verdict.REFUSED))
    return ["", *map(str, (alone, shared, sum(row.stopped_elsewhere() for row in sheet.rows), refused))]


def _liability(name: str, mode: str, because: str, opened: tuple[str, ...]) -> str:
    what = f"{len(opened)} of its attacks succeed: {', '.join(opened)}" if opened else "none of its attacks that could be played succeeds"
    return f"{name} is {mode} because {because}; {what}"


def _section(console: Console, title: str, lines: list[str]) -> None:
    if lines:
        console.print(f"\n[bold]{title}[/]")
        for line in lines:
            console.print(Padding(escape(line), (0, 0, 0, 2), expand=False))
