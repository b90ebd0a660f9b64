"""What the tests of stores in trouble share: an event loop that must go on, a store that must come back, and one that is filled."""

from __future__ import annotations

import asyncio
import random
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from buckler.core.store import Put
from buckler.errors import StoreError
from buckler.stores import redis_node, redis_pushes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest

    from buckler.core.store import Op, Store

HANGS_S = 90.0
NOISE = random.Random(1).randbytes(200_000)  # which no server can compress


def be_patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing of Redis be given up because a machine stands still for some seconds: neither a connection that is being made, which has
    two seconds otherwise, nor one that tells what changes, which has one."""
    for module in (redis_node, redis_pushes):
        monkeypatch.setattr(module, "CONNECT_S", HANGS_S)
    monkeypatch.setattr(redis_pushes, "_SILENT_S", HANGS_S)


@asynccontextmanager
async def going_on() -> AsyncIterator[None]:
    """The event loop turns meanwhile, and nobody hangs."""
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    turning = asyncio.create_task(turn())
    async with asyncio.timeout(HANGS_S):
        yield
    await asyncio.sleep(0)
    turning.cancel()
    assert turns


async def answered(store: Store, ops: list[Op]) -> list[Any]:
    """What it answers as soon as it does: after a rest, it is tried again."""
    async with asyncio.timeout(HANGS_S):
        while True:
            try:
                return await store.batch(ops)
            except StoreError:
                await asyncio.sleep(0.01)


async def fill(store: Store) -> None:
    for number in range(400):
        await store.batch([Put(f"k{number}", NOISE, 600)])
