"""Floor 5: the command line, one file a command. Needs the extra `cli` (click, rich)."""

from __future__ import annotations

import sys


def main() -> None:
    """Run `buckler`. Ends the process: 0 done, 1 the answer is no, 2 something must be put right first."""
    from buckler.errors import MissingExtraError  # noqa: PLC0415  # before anything that may not be installed

    try:
        from buckler.cli.program import run  # noqa: PLC0415  # as above
    except ModuleNotFoundError as failure:
        if failure.name not in {"click", "rich"}:
            raise
        print(f"buckler: {MissingExtraError('the command line', 'cli')}", file=sys.stderr)
        sys.exit(2)
    sys.exit(run(sys.argv[1:]))
