"""What tests of Conduit share: a PostgreSQL server, and the application in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conduit.inside import inside
from tests.conduit.postgres import binaries, postgres

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tests.conduit.inside import Inside


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of an empty PostgreSQL database."""
    programs = binaries()
    if programs is None:
        pytest.skip("PostgreSQL is not installed; on Debian: apt-get install postgresql")
    with postgres(programs) as address:
        yield address


@pytest.fixture
async def conduit(tmp_path: Path) -> AsyncIterator[Inside]:
    """Conduit with an empty database."""
    async with inside(tmp_path) as running:
        yield running
