"""What goes to the screen: coloured on a terminal, plain in a pipe or with NO_COLOR. Errors are one line."""

from __future__ import annotations

import sys

from rich.console import Console

PIPE_WIDTH = 120


def screen() -> Console:
    """Return the console for results. In a pipe it has no colour and a fixed width, so that output can be compared."""
    return Console(highlight=False, soft_wrap=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)


def aside() -> Console:
    """Return the console for progress and remarks (stderr), so that a pipe carries results alone."""
    return Console(stderr=True, highlight=False)


def complain(what: str) -> None:
    """Print one line on stderr."""
    line = " ".join(what.split())
    aside().print(f"[bold red]buckler:[/] {_plain(line)}", soft_wrap=True)


def _plain(text: str) -> str:
    """The text with rich's markup switched off: a message may well contain square brackets."""
    return text.replace("[", "\\[")
