"""Shelves of texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from buckler.cache.shelf import Shelf

if TYPE_CHECKING:
    from buckler.core.clock import HandClock


def shelf(store: Any, clock: HandClock, **options: Any) -> Shelf[str]:
    return Shelf("test", store, **{"encode": str.encode, "decode": bytes.decode, "clock": clock, **options})


async def thing(where: Shelf[str], key: str) -> str | None:
    kept = await where.get(key)
    return kept.thing if kept else None
