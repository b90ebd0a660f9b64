"""`buckler calibrate`: how much work a password's hash can be on this machine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from buckler.cli.say import aside, complain, screen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from buckler.accounts.passwords.calibrate import Tried
    from buckler.accounts.passwords.profiles import Profile

_KIB = 1024
_LEAST_MIB = 19  # OWASP's minimum
_MOST_MIB = 4 * _KIB
_RFC_LANES = 4


def _cores() -> int:
    return min(_RFC_LANES, os.cpu_count() or 1)


@click.command(short_help="Find how much work a password's hash can be on this machine.")
@click.option("--target-ms", type=click.FloatRange(min=1.0), default=100.0, show_default=True, help="How long one hash may take.")
@click.option(
    "--memory", "memory_mib", type=click.IntRange(_LEAST_MIB, _MOST_MIB), default=64, show_default=True, help="MiB a hash may use."
)
@click.option("--lanes", type=click.IntRange(1, 16), default=_cores, show_default="cores, up to 4", help="Lanes computed side by side.")
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="How many hash at once: Passwords(workers=…).")
def calibrate(target_ms: float, memory_mib: int, lanes: int, workers: int) -> int:
    """Measure argon2id here and print the profile to put into the code: the most memory, then the most passes, that the time allows.

    Never less than OWASP's minimum (19 MiB, 2 passes): where that takes longer than the target, it is printed with exit code 1. Measure on
    the machine that will run the site, while it is quiet.
    """
    # Not at the top: the other commands work without the extra `accounts`.
    from buckler.accounts.passwords import calibrate as search  # noqa: PLC0415  # as above

    tried: dict[Profile, float] = {}
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    beside = aside()
    with Progress(*columns, console=beside, transient=True, disable=not beside.is_terminal) as bar:
        task = bar.add_task("", total=None)

        def measure(profile: Profile) -> float:
            bar.update(task, description=f"argon2id, {_told(profile)}")
            if profile not in tried:
                tried[profile] = search.measured(profile)
            return tried[profile]

        for profile in search.NAMES:
            if profile.memory_kib <= memory_mib * _KIB:
                measure(profile)
        found = search.calibrate(target_ms, memory_mib * _KIB, lanes, measure)
        bar.update(task, description=f"{workers} at once")
        busy_ms = search.measured(found.profile, workers)
    console = screen()
    _show(console, tried, found.profile, search.NAMES)
    _show_line(console, found, search.NAMES.get(found.profile, found.profile), (workers, busy_ms))
    if found.ms > target_ms:
        complain(f"no profile of OWASP's minimum or more takes {target_ms:g} ms here; the least one takes {found.ms:.0f} ms")
        return 1
    return 0


def _told(profile: Profile) -> str:
    lanes = "lane" if profile.lanes == 1 else "lanes"
    return f"{profile.memory_kib / _KIB:g} MiB, {profile.passes} {'pass' if profile.passes == 1 else 'passes'}, {profile.lanes} {lanes}"


def _show(console: Console, tried: dict[Profile, float], chosen: Profile, names: Mapping[Profile, str]) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("profile")
    for heading in ("MiB", "passes", "lanes", "ms"):
        table.add_column(heading, justify="right")
    for profile, ms in tried.items():
        style = "bold" if profile == chosen else ""
        row = (names.get(profile, ""), f"{profile.memory_kib / _KIB:g}", str(profile.passes), str(profile.lanes), f"{ms:.0f}")
        table.add_row(*row, style=style)
    console.print(table)


def _show_line(console: Console, found: Tried, name: object, busy: tuple[int, float]) -> None:
    workers, busy_ms = busy
    a_second = workers * 1000 / busy_ms
    memory_mib = workers * found.profile.memory_kib / _KIB
    console.print(
        f"\n{found.ms:.0f} ms alone, {busy_ms:.0f} ms with {workers} at once: {a_second:.0f} sign-ins a second in {memory_mib:g} MiB."
    )
    console.print("For the code:\n")
    console.print(f"    Passwords(profile={name}, workers={workers})", soft_wrap=True)
