"""A shop for every test that asks for one."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest_asyncio

from tests.frameworks.accounts.shop import Shop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@asynccontextmanager
async def shop_at(folder: Path, **options: Any) -> AsyncIterator[Shop]:
    shop = Shop(folder, **options)
    async with shop.app.router.lifespan_context(shop.app):
        yield shop
        await shop.close()


@pytest_asyncio.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with shop_at(tmp_path) as opened:
        yield opened
