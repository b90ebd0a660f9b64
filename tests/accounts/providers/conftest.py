"""One stage, and one provider that can lie, for all tests of a module: a database a test would take most of the time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest_asyncio

from tests.accounts.providers.evil import lying
from tests.accounts.providers.scene import Scene
from tests.accounts.stage import stage_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest

    from tests.accounts.providers.evil import Evil
    from tests.accounts.stage import Stage


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def one_stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Stage, Evil]]:
    async with stage_at(tmp_path_factory.mktemp("stage")) as stage, lying(stage.clock) as evil:
        yield stage, evil


@pytest_asyncio.fixture(loop_scope="module")
async def scene(one_stage: tuple[Stage, Evil]) -> AsyncIterator[Scene]:
    stage, evil = one_stage
    stage.clock.move(600)
    stage.events()
    evil.turn_honest()
    made = Scene(stage, evil, stage.browser())
    yield made
    await made.close()
