"""A stage for every test that asks for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest_asyncio

from tests.accounts.stage import stage_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.accounts.stage import Stage


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage_at(tmp_path) as lent:
        yield lent
