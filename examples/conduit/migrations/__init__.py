"""Brings a database to the present tables. Alembic finds `env.py` and `versions/` beside this file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from examples.conduit.db import Database

_HERE = Path(__file__).parent


async def upgrade(database: Database, to: str = "head") -> None:
    """Bring the tables up to date, or to an earlier step. One at a time: see `db.alone`. All of it happens, or nothing."""
    async with database.engine.connect() as connection:
        await connection.run_sync(_move, to)


def config(connection: Connection) -> Config:
    """Return Alembic's configuration for an open connection."""
    made = Config()
    made.set_main_option("script_location", str(_HERE))
    made.attributes["connection"] = connection
    return made


def _move(connection: Connection, to: str) -> None:
    if connection.dialect.name != "sqlite":
        _run(connection, to)
        connection.commit()
        return
    # As sqlite.org/lang_altertable.html asks for: a table that is copied is dropped in the end, and with foreign keys on, what refers to
    # it would go too. Python begins no transaction before a CREATE TABLE, so it is begun here.
    connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        _run(connection, to)
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if broken is not None:
            raise RuntimeError(f"a row of {broken[0]} refers to nothing after the migration")
        connection.commit()
    finally:
        connection.rollback()
        connection.exec_driver_sql("PRAGMA foreign_keys=ON")


def _run(connection: Connection, to: str) -> None:
    act = command.downgrade if to != "head" and _has(connection, to) else command.upgrade
    act(config(connection), to)


def _has(connection: Connection, step: str) -> bool:
    """Whether the tables are at `step` or beyond it."""
    return (MigrationContext.configure(connection).get_current_revision() or "") >= step
