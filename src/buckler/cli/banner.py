"""What `buckler run` says when it is up: where, who may sign in, what is on, and what is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from buckler.guard import Guard
from buckler.serve.trust import how_to_trust

if TYPE_CHECKING:
    from rich.console import Console

    from buckler.serve.ca import Files
    from buckler.serve.load import Loaded
    from buckler.serve.options import Serving


def show(console: Console, serving: Serving, files: Files, loaded: Loaded) -> None:
    """Print the banner."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("address", f"[bold]{serving.url}[/]")
    if serving.http_port is not None:
        table.add_row("", f"http://localhost:{serving.http_port} redirects there")
    demo = demo_of(loaded)
    if demo:
        table.add_row("demo account", escape(demo))
    table.add_row("server", f"{serving.server}, {serving.workers} workers, TLS {serving.tls} or newer")
    if isinstance(loaded.app, Guard):
        _add_guard(table, loaded.app)
    else:
        table.add_row("guard", "[bold red]none[/]: the application is not wrapped in buckler.Guard")
    console.print()
    console.print(table)
    if files.authority is not None:
        _show_trust(console, serving, files)
    console.print("\n  Ctrl-C ends it.\n")


def demo_of(loaded: Loaded) -> str:
    """Return the demo account that the module offers as `demo`: a text, a mapping, or a function that returns one; "" if none."""
    offered = loaded.offer("demo")
    if callable(offered):
        offered = offered()
    if isinstance(offered, dict):
        return ", ".join(f"{name} {value}" for name, value in offered.items())
    return str(offered) if offered else ""


def _add_guard(table: Table, guard: Guard) -> None:
    plan = guard.plan
    enforced = [item.card.name for item in plan.protections if not item.report_only]
    reported = [item.card.name for item in plan.protections if item.report_only]
    table.add_row("on", f"{', '.join(enforced)} [dim]({len(enforced)})[/]")
    if reported:
        table.add_row("report-only", f"[yellow]{', '.join(reported)}[/]")
    for item in plan.liabilities:
        table.add_row("[yellow]off[/]", f"[yellow]{item.name}[/] because {escape(item.because)}")
    table.add_row("store", _store(plan.site.store))


def _store(store: Any) -> str:
    while hasattr(store, "behind"):  # what the guard has put before it is no news
        store = store.behind
    name = type(store).__name__
    return f"{name} [yellow](each worker counts for itself)[/]" if name == "Memory" else name


def _show_trust(console: Console, serving: Serving, files: Files) -> None:
    """Commands are never wrapped: a line that was broken for the screen cannot be pasted."""
    if files.authority is None:
        return
    state = "new" if files.made else "as before"
    console.print(f"\n  Signed by this machine's own authority ({state}), good for localhost alone. To trust it:")
    for system, how in how_to_trust(files.authority, serving.url):
        console.print(f"  [dim]{system}:[/] {escape(how)}", soft_wrap=True)
