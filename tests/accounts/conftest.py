"""A stage for every test that asks for one."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import create_async_engine

from buckler.accounts.throttle import Throttle
from tests.accounts.stage import stage_at, staged

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tests.accounts.attempts import Maker
    from tests.accounts.stage import Stage
    from tests.servers.postgresql import PostgresqlServer


@pytest.fixture(scope="session", autouse=True)
def _patient() -> Iterator[None]:
    """A connection to a server of the test is never late: only the machine may be."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("buckler.accounts.http._CONNECT_S", 60.0)
        yield


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage_at(tmp_path) as lent:
        yield lent


@pytest.fixture(scope="session")
def postgresql(postgresql_server: PostgresqlServer) -> str:
    """The address of an empty PostgreSQL database."""
    return postgresql_server.url(postgresql_server.new_database(), "postgresql+asyncpg")


@pytest_asyncio.fixture(params=["sqlite", "postgresql"])
async def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    """The same stage, once on each database."""
    if request.param == "sqlite":
        async with stage_at(tmp_path) as lent:
            yield lent
        return
    async with staged(create_async_engine(request.getfixturevalue("postgresql"))) as lent:
        yield lent


@pytest_asyncio.fixture
async def throttled(tmp_path: Path) -> AsyncIterator[Maker]:
    """Makes stages, each with options of its own for `throttle`."""
    async with AsyncExitStack() as lent:
        number = 0

        async def made(**options: Any) -> Stage:
            nonlocal number
            number += 1
            folder = tmp_path / str(number)
            folder.mkdir()
            return await lent.enter_async_context(stage_at(folder, throttle=Throttle(**options)))

        yield made
