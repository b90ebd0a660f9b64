"""What tests of Conduit share: a PostgreSQL database, and the application in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.conduit.inside import inside

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.conduit.inside import Inside
    from tests.servers.postgresql import PostgresqlServer


@pytest.fixture(scope="session")
def postgresql(postgresql_server: PostgresqlServer) -> str:
    """The address of an empty PostgreSQL database."""
    return postgresql_server.url(postgresql_server.new_database(), "postgresql+asyncpg")


@pytest.fixture(params=["sqlite", "postgresql"])
async def database_url(request: pytest.FixtureRequest) -> str:
    """The address of an empty database; "" for SQLite in the folder."""
    if request.param == "sqlite":
        return ""
    address: str = request.getfixturevalue("postgresql")
    engine = create_async_engine(address)
    async with engine.begin() as connection:
        await connection.execute(text("DROP SCHEMA public CASCADE"))
        await connection.execute(text("CREATE SCHEMA public"))
    await engine.dispose()
    return address


@pytest.fixture
async def conduit(tmp_path: Path) -> AsyncIterator[Inside]:
    """Conduit with an empty database."""
    async with inside(tmp_path) as running:
        yield running
