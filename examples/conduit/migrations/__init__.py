"""Brings a database to the present tables. Alembic finds `env.py` and `versions/` beside this file."""

from __future__ import annotations

import asyncio
import fcntl
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from alembic import command
from alembic.config import Config
from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection

    from examples.conduit.db import Database

_HERE = Path(__file__).parent
_LOCK = 0x6275636B  # one number for all workers of one database


async def upgrade(database: Database, folder: Path) -> None:
    """Bring the tables up to date. Of several workers, one does it and the others wait; `folder` holds their lock for SQLite."""
    async with database.engine.connect() as connection, _alone(connection, folder):
        await connection.run_sync(_upgrade)
        await connection.commit()


def config(connection: Connection) -> Config:
    """Return Alembic's configuration for an open connection."""
    made = Config()
    made.set_main_option("script_location", str(_HERE))
    made.attributes["connection"] = connection
    return made


def _upgrade(connection: Connection) -> None:
    command.upgrade(config(connection), "head")


@asynccontextmanager
async def _alone(connection: AsyncConnection, folder: Path) -> AsyncIterator[None]:
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})  # until the commit
        yield
        return
    with await asyncio.to_thread(_locked, folder / "migrate.lock"):
        yield


def _locked(path: Path) -> IO[str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("w")
    fcntl.flock(file, fcntl.LOCK_EX)  # until it is closed
    return file
