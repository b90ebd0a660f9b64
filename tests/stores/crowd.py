"""Visitors of a site on two machines who sign in, come back and are signed out, while the store's server is killed and stalled."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple

from buckler.errors import StoreError
from tests.stores.load import HANGS_S
from tests.stores.machine import handle_of
from tests.stores.together import together, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from tests.stores.machine import Machine

SILENT_S = 2.0  # what docs/why/sealed.md promises
_PAUSE_S = 0.005


class _Gone(NamedTuple):
    cookie: str
    by: Machine
    at_s: float


class Crowd:
    """Who was signed in stays so, or is refused for the moment; who was signed out stays out: at once where that was done, and within
    the bound elsewhere."""

    def __init__(self, *machines: Machine) -> None:
        self._machines = machines
        self._here: list[str] = []
        self._gone: list[_Gone] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._random = random.Random(7)
        self.served = self.refused = 0

    @asynccontextmanager
    async def about(self) -> AsyncIterator[None]:
        acts = (self._arrive, *[self._come] * 6, self._leave, self._return, self._return)
        async with together(self._again(act) for act in acts) as self._tasks:
            yield

    async def until(self, what: str, number: int) -> None:
        """Wait until so many more are `served` or `refused`."""
        goal = getattr(self, what) + number
        await until(self._tasks, lambda: getattr(self, what) >= goal, 180)

    async def settled(self) -> None:
        """Call it at the end, with the server running: everybody is asked for on every machine."""
        await asyncio.sleep(SILENT_S)
        assert self._here
        assert self._gone
        for machine in self._machines:
            assert {await machine.served(cookie) for cookie in self._here} == {"mira"}
            assert {await machine.served(gone.cookie) for gone in self._gone} == {"nobody"}

    async def _again(self, act: Callable[[], Awaitable[None]]) -> None:
        while True:
            async with asyncio.timeout(HANGS_S):
                await act()
            await asyncio.sleep(_PAUSE_S)

    def _any(self) -> Machine:
        return self._random.choice(self._machines)

    async def _arrive(self) -> None:
        cookie = await self._any().try_to_sign_in()
        if cookie:
            self._here.append(cookie)
        self._count(served=bool(cookie))

    async def _come(self) -> None:
        if self._here:
            cookie = self._random.choice(self._here)
            who = await self._any().who(cookie)
            assert who in ({"mira", "503"} if cookie in self._here else {"mira", "503", "nobody"}), who
            self._count(served=who == "mira")

    async def _leave(self) -> None:
        if len(self._here) > 5:
            cookie, machine = self._here.pop(self._random.randrange(len(self._here))), self._any()
            try:
                await machine.registry.revoke(handle_of(cookie))
            except StoreError:
                return  # it may have happened: this one is asked for no more
            self._gone.append(_Gone(cookie, machine, time.monotonic()))

    async def _return(self) -> None:
        if self._gone:
            gone, machine = self._random.choice(self._gone), self._any()
            asked_s = time.monotonic()
            who = await machine.who(gone.cookie)
            still = {"mira"} if machine is not gone.by and asked_s - gone.at_s <= SILENT_S else set()
            assert who in {"nobody", "503"} | still, who

    def _count(self, *, served: bool) -> None:
        self.served += served
        self.refused += not served
