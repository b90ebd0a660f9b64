"""Conduit on state that is thrown away: what `buckler balance` plays its cases on."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from examples.conduit.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from buckler import Guard


@contextmanager
def rehearsal() -> Iterator[Guard]:
    """Yield Conduit with its demo content in a folder that is gone afterwards, and passwords that hash in a millisecond."""
    from examples.conduit.app import make_app  # noqa: PLC0415  # importing the package imports none of this

    with TemporaryDirectory(prefix="conduit-") as folder:
        yield make_app(Settings(folder=Path(folder), insecure_cheap_passwords=True))
