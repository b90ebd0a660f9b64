"""`buckler balance`: the sheet."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from buckler.balance.compare import changes
from buckler.balance.markdown import markdown
from buckler.balance.subject import subject_of
from buckler.balance.weigh import weigh
from buckler.cli.say import aside, screen
from buckler.cli.sheet_table import show
from buckler.errors import ConfigError
from buckler.serve.load import load

if TYPE_CHECKING:
    from buckler.balance.sheet import Sheet

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(short_help="What each protection costs, beside the attacks that it alone stops.")
@click.argument("app")
@click.option("--markdown", "markdown_file", type=_FILE, help="Write the sheet as Markdown.")
@click.option("--json", "json_file", type=_FILE, help="Write the sheet as JSON.")
@click.option("--against", type=_FILE, help="An earlier sheet (JSON): fail on what has gone or become dearer.")
@click.option("--quick", is_flag=True, help="A sixth of the measurements: wider intervals, the same counts.")
@click.option("--seed", default=1, show_default=True, help="Decides which side of each pair is measured first.")
@click.option("--details", is_flag=True, help="Name every attack in the terminal as well.")
def balance(app: str, markdown_file: Path | None, json_file: Path | None, against: Path | None, **given: Any) -> int:
    """Weigh every protection of APP ("module:attribute").

    Cost is what a request pays more with it than without it, all others on. Benefit is the attacks that succeed only without it.

    Fails (exit code 1) when an attack gets through with everything on, when an honest visitor is turned away, when a protection stops
    nothing that it claims to stop, or when something is worse than in the sheet given with --against.
    """
    earlier = _read(against) if against else None
    details = given.pop("details")
    sheet = _weigh(app, **given)
    if earlier is not None:
        sheet.changes = changes(sheet, earlier)
    if markdown_file:
        _write(markdown_file, markdown(sheet), "--markdown")
    if json_file:
        _write(json_file, json.dumps(sheet.as_json(), indent=1, ensure_ascii=False) + "\n", "--json")
    show(screen(), sheet, details=details)
    return 1 if sheet.failures else 0


def _weigh(app: str, **given: Any) -> Sheet:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, console=aside(), transient=True) as bar:
        task = bar.add_task("starts", total=None)

        def progress(what: str, done: int, of: int) -> None:
            bar.update(task, description=f"{what:<24}", completed=done, total=of)

        with subject_of(load(app), app) as subject:
            return asyncio.run(weigh(subject, progress=progress, **given))


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as failure:
        raise ConfigError("--against", str(path), f"is no sheet: {failure}") from failure
    if "rows" not in found:
        raise ConfigError("--against", str(path), "is no sheet; give a file that --json has written")
    return found


def _write(path: Path, text: str, option: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as failure:
        raise ConfigError(option, str(path), f"cannot be written: {failure.strerror}") from failure
