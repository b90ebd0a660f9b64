"""Redis Sentinel: who the primary is now."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from buckler.errors import StoreError
from buckler.stores.redis_node import Address, Login, connected
from buckler.stores.redis_wire import packed

if TYPE_CHECKING:
    from collections.abc import Sequence


class Sentinels:
    """Asks the Sentinels for the primary that they call `name`, the one that answered last first."""

    def __init__(self, sentinels: Sequence[tuple[Address, Login]], name: str, *, wait_s: float) -> None:
        self._sentinels, self._name, self._wait_s = list(sentinels), name, wait_s
        self._question = packed(("SENTINEL", "GET-MASTER-ADDR-BY-NAME", name))

    async def primary(self) -> Address:
        """Return the address of the primary, as the first Sentinel says that answers within `wait_s`. Raises `StoreError`."""
        for asked in list(self._sentinels):
            try:
                async with asyncio.timeout(self._wait_s):
                    found = await self._ask(*asked)
            except (OSError, StoreError):  # a timeout is an OSError
                continue
            if found is not None:
                self._sentinels.remove(asked)
                self._sentinels.insert(0, asked)
                return found
        raise StoreError(f"no Sentinel knows the primary {self._name}")

    async def _ask(self, address: Address, login: Login) -> Address | None:
        link, (*_, answer) = await connected(address, login, self._question)
        link.end()
        return _named(answer)


def _named(answer: Any) -> Address | None:
    """Return the address in a Sentinel's answer; None when it knows none."""
    if not isinstance(answer, list) or len(answer) != 2 or not all(isinstance(part, bytes) for part in answer):
        return None
    host, port = (part.decode("ascii", "replace") for part in answer)
    return Address(host, int(port)) if port.isdecimal() else None
