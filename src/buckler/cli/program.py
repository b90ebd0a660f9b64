"""The program `buckler`: its commands, and how it ends. Every expected error is one line on stderr and exit code 2."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from buckler import __version__
from buckler.cli.balance import balance
from buckler.cli.calibrate import calibrate
from buckler.cli.explain import explain
from buckler.cli.run import run as run_command
from buckler.cli.say import complain
from buckler.cli.secret import secret
from buckler.errors import BucklerError

if TYPE_CHECKING:
    from collections.abc import Sequence

EXIT_NO, EXIT_ERROR, EXIT_INTERRUPTED = 1, 2, 130
_EXAMPLES = """
\b
Examples:
  buckler run examples.conduit:app                 serve over https://localhost:8443
  buckler run shop:app --port 9443 --http-port 9080
  buckler balance shop:app --markdown balance.md   what each protection costs and stops
  buckler calibrate --target-ms 100                how much work a password's hash can be here
  buckler explain csrf.cross_site                  what a refusal means
  buckler secret                                   a new key for Guard(secrets=[…])
"""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}, epilog=_EXAMPLES)
@click.version_option(__version__, prog_name="buckler", message="%(prog)s %(version)s")
def program() -> None:
    """Makes a Python web application fast and secure, and proves both with numbers."""


for command in (run_command, balance, calibrate, explain, secret):
    program.add_command(command)


def run(words: Sequence[str]) -> int:
    """Run one command line and return its exit code. Never shows a traceback for something that the user can put right."""
    try:
        result = program.main(args=list(words), prog_name="buckler", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as failure:
        click.echo(failure.format_message())
        return EXIT_ERROR
    except click.ClickException as failure:
        context = failure.ctx if isinstance(failure, click.UsageError) else None
        hint = f" (see `{context.command_path} --help`)" if context is not None else ""
        complain(f"{failure.format_message()}{hint}")
        return EXIT_ERROR
    except (click.Abort, KeyboardInterrupt):
        complain("interrupted")
        return EXIT_INTERRUPTED
    except BucklerError as failure:
        complain(str(failure))
        return EXIT_ERROR
    return result if isinstance(result, int) else 0
