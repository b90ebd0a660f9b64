"""Floor 5: the command line, one file a command. Needs the extra `cli` (click, rich)."""

from __future__ import annotations

import sys


def main() -> None:
    """Run `buckler`. Ends the process: 0 done, 1 the answer is no, 2 something must be put right first."""
    from buckler.serve.signals import Stopped, stop_on_signals  # noqa: PLC0415  # before anything that takes time to import

    words = sys.argv[1:]
    if words[:1] == ["run"]:
        stop_on_signals()
    try:
        sys.exit(_run(words))
    except Stopped:
        print("Stopped.", file=sys.stderr)
        raise


def _run(words: list[str]) -> int:
    from buckler.errors import MissingExtraError  # noqa: PLC0415  # before anything that may not be installed

    try:
        from buckler.cli.program import run  # noqa: PLC0415  # as above
    except ModuleNotFoundError as failure:
        if failure.name not in {"click", "rich"}:
            raise
        print(f"buckler: {MissingExtraError('the command line', 'cli')}", file=sys.stderr)
        return 2
    return run(words)
