"""`buckler run`: the application over HTTPS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from buckler.cli.banner import show
from buckler.cli.say import aside
from buckler.serve.load import load
from buckler.serve.options import DEFAULT_SERVER, SERVERS, Serving
from buckler.serve.start import files_of, start

_PLAIN_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(short_help="Serve APP over HTTPS.")
@click.argument("app")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8443, show_default=True, help="Port for HTTPS.")
@click.option("--http-port", type=int, help="A plain port that only redirects to HTTPS.")
@click.option("--server", type=click.Choice(SERVERS), default=DEFAULT_SERVER, show_default=True)
@click.option("--workers", default=2, show_default=True, help="Processes.")
@click.option("--folder", type=click.Path(path_type=Path), default=Path("var"), show_default=True, help="For the local certificate.")
@click.option("--certificate", type=_PLAIN_FILE, help="Your own certificate chain (PEM); needs --key.")
@click.option("--key", type=_PLAIN_FILE, help="Its key (PEM).")
@click.option("--tls", type=click.Choice(["1.2", "1.3"]), default="1.3", show_default=True, help="The oldest version spoken.")
def run(**given: Any) -> None:
    """Serve APP ("module:attribute") over HTTPS, until Ctrl-C.

    Without --certificate, a certificate authority of this machine's own is made in the folder, good for localhost alone.
    """
    serving = Serving(**given)
    files = files_of(serving)
    loaded = load(serving.app)
    console = aside()
    start(serving, files, loaded, announce=lambda: show(console, serving, files, loaded))
    console.print("Stopped.")
