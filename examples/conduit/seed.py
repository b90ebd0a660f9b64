"""Demo content: believable, fictional, the same every time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from examples.conduit.db import Database
    from examples.conduit.passwords import Passwords


async def seed(database: Database, passwords: Passwords) -> None:
    """Fill an empty database."""
