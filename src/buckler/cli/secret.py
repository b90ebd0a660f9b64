"""`buckler secret`: a new key."""

from __future__ import annotations

import secrets

import click


@click.command()
def secret() -> None:
    """Print a new secret of 256 random bits for `Guard(secrets=[…])`.

    Put it before the old one to rotate: the first proves, all of them verify.
    """
    click.echo(secrets.token_urlsafe(32))
