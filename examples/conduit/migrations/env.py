"""Runs migrations on the connection that `migrations.upgrade` hands over."""

from __future__ import annotations

from alembic import context

from buckler.accounts import METADATA
from examples.conduit.models import Base


def run() -> None:
    """Run what Alembic was asked for."""
    connection = context.config.attributes["connection"]
    # SQLite cannot alter most of a table: batches copy it instead.
    context.configure(connection=connection, target_metadata=[METADATA, Base.metadata], render_as_batch=connection.dialect.name == "sqlite")
    with context.begin_transaction():
        context.run_migrations()


run()
