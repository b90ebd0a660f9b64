"""Progress on the terminal: a bar where there is one, a line now and then where there is none."""

from __future__ import annotations

import sys
import time
from typing import Any, Self

_EVERY_S = 30.0


class Progress:
    """`with Progress(total) as progress:` then `say` what is done and `step` when it is."""

    def __init__(self, total: int) -> None:
        self._total, self._done, self._said_s = total, 0, 0.0
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich import progress  # noqa: PLC0415  # only where there is a terminal
            from rich.console import Console  # noqa: PLC0415  # as above

            columns = [
                progress.BarColumn(30),
                progress.MofNCompleteColumn(),
                progress.TimeRemainingColumn(),
                progress.TextColumn("{task.description}"),
            ]
            self._bar = progress.Progress(*columns, console=Console(stderr=True), transient=True, refresh_per_second=2)
            self._task = self._bar.add_task("", total=self._total)
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def say(self, what: str) -> None:
        if self._bar is not None:
            self._bar.update(self._task, description=what)
        elif time.monotonic() - self._said_s > _EVERY_S:
            self._said_s = time.monotonic()
            print(f"[{self._done}/{self._total}] {what}", file=sys.stderr, flush=True)

    def step(self) -> None:
        self._done += 1
        if self._bar is not None:
            self._bar.advance(self._task)
