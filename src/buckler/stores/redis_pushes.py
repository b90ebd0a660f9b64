"""What changes in Redis, told by the server (client tracking in broadcast mode), over connections of their own with a heartbeat.

A PING goes over each of them every `beat_s`. Its answer comes behind everything that the server had to say before it, so it proves that
what changed before the PING was sent has been told. A connection that loses one, or ends, is made anew.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from buckler.errors import StoreError
from buckler.stores.redis_node import CONNECT_S, Address, Login, connected
from buckler.stores.redis_wire import Link, ServerError, packed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from buckler.stores.redis_words import Spaces

    Told = Callable[[list[str] | None], None]

BEAT_S = 0.5
_SILENT_S = 1.0  # for the answer to a PING
_PING = packed(("PING",))
_NEVER = float("-inf")


class Ears:
    """Listens to every server that `primaries` names, and asks again which they are at every beat: one may have replaced another."""

    def __init__(self, primaries: Callable[[], Awaitable[set[Address]]], login: Login, spaces: Spaces, told: Told) -> None:
        self._primaries, self._login, self._spaces, self._told = primaries, login, spaces, told
        self._since_s: dict[Address, float] = {}  # until when all has been heard, by the monotonic clock
        self._listening: dict[Address, asyncio.Task[None]] = {}
        self._oldest_s = _NEVER
        self._tracking = packed(("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", spaces.values))
        self._loop = asyncio.get_running_loop()
        self._following = self._loop.create_task(self._follow())

    @property
    def is_over(self) -> bool:
        """Whether its event loop has ended, and it with it."""
        return self._loop.is_closed() or self._following.done()

    def heard_s(self) -> float:
        """Return how long ago everything was known to have been heard, in seconds; infinite while it is not."""
        return time.monotonic() - self._oldest_s

    async def close(self) -> None:
        tasks = [self._following, *self._listening.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._oldest_s = _NEVER

    async def _follow(self) -> None:
        """Keep one ear at each primary."""
        while True:
            try:
                primaries = await self._primaries()
            except (StoreError, OSError):
                primaries = set()
            for gone in set(self._listening) - primaries:
                self._listening.pop(gone).cancel()
                self._deaf(gone)
                self._since_s.pop(gone, None)
            for new in primaries - set(self._listening):
                self._since_s[new] = _NEVER
                self._listening[new] = self._loop.create_task(self._listen(new))
            self._reckon()
            await asyncio.sleep(BEAT_S)

    async def _listen(self, address: Address) -> None:
        while True:
            link: Link | None = None
            try:
                async with asyncio.timeout(CONNECT_S):
                    link, _ = await connected(address, self._login, self._tracking, pushed=self._heard)
                self._told(None)  # whatever changed while nobody listened
                await self._beat(address, link)
            except (StoreError, OSError):  # a timeout is an OSError
                pass
            finally:
                if link is not None:
                    link.end()
                self._deaf(address)
            await asyncio.sleep(BEAT_S)

    async def _beat(self, address: Address, link: Link) -> None:
        """Ask for a sign of life again and again; return when there is none."""
        while not link.is_lost:
            sent_s = time.monotonic()
            async with asyncio.timeout(_SILENT_S):
                answer = await link.ask(_PING)
            if isinstance(answer, StoreError | ServerError):
                return
            self._since_s[address] = sent_s
            self._reckon()
            await asyncio.wait([link.lost], timeout=BEAT_S)

    def _deaf(self, address: Address) -> None:
        """Nothing is heard from there: what is known of it is not to be believed."""
        if self._since_s.get(address, _NEVER) > _NEVER:
            self._since_s[address] = _NEVER
            self._reckon()
            self._told(None)

    def _reckon(self) -> None:
        self._oldest_s = min(self._since_s.values(), default=_NEVER)

    def _heard(self, said: list[Any]) -> None:
        """What the server says unasked: `[b"invalidate", keys]`, or None for the keys when all were dropped at once."""
        if said[0] != b"invalidate":
            return
        keys = said[1]
        self._told(None if keys is None else [self._spaces.plain(key) for key in keys])
