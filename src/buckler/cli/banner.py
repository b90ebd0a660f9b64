"""What `buckler run` says when it is up: where, who may sign in, what is on, and what is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from buckler.core.store import Reach, able
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
    if isinstance(loaded.app, Guard):
        _warn(console, serving.workers, loaded.app)
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
    return type(store).__name__


def _warn(console: Console, workers: int, guard: Guard) -> None:
    """Say what goes wrong where each worker has a store of its own. It is no ConfigError: for a look at a page it does not matter."""
    store = guard.plan.site.store
    if workers == 1 or able(store).reach is not Reach.PROCESS:
        return
    console.print(f"\n  [bold yellow]{workers} workers, and each has a {_store(store)} store of its own.[/]")
    console.print("  Who signs in on one is a stranger to the others, and a limit lets through as much on each of them.", soft_wrap=True)
    console.print('  To share it on this machine, run pip install "buckler\\[shared]", and in your module:\n', soft_wrap=True)
    console.print("      from buckler.stores.shared import Shared\n      app = Guard(…, store=Shared())\n", soft_wrap=True)
    console.print("  For several machines: docs/stores.md. For now: --workers 1.", soft_wrap=True)


def _show_trust(console: Console, serving: Serving, files: Files) -> None:
    """Commands are never wrapped: a line that was broken for the screen cannot be pasted."""
    if files.authority is None:
        return
    state = "new" if files.made else "as before"
    console.print(f"\n  Signed by this machine's own authority ({state}), good for localhost alone. To trust it:")
    for system, how in how_to_trust(files.authority, serving.url):
        console.print(f"  [dim]{system}:[/] {escape(how)}", soft_wrap=True)
