"""Random interleavings of readers, writers and purges in several processes: nobody is given what a purge that they must know of has ended.

The order in which tasks go on is drawn by a seed: each step of a store, of the work and of time waits for a random number of turns.
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from buckler.cache.data import Memos
from buckler.core.clock import HandClock
from buckler.core.store import Able, Reach
from buckler.errors import StoreError
from buckler.stores.memory import Memory

if TYPE_CHECKING:
    from buckler.core.store import Op, Reply

NEAR_S, STEP_S = 1.0, 0.01
PROCESSES, KEYS, ACTS = 3, 3, 60


class Turns:
    """Who waits here goes on after a random number of turns of the loop."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    async def some(self, most: int = 6) -> None:
        for _ in range(self.random.randrange(most)):
            await asyncio.sleep(0)


class Slow:
    """A store behind a network on which every message takes its time, and some are lost."""

    able = Able(Reach.NETWORK)

    def __init__(self, behind: Memory, turns: Turns, lost: float) -> None:
        self._behind, self._turns, self._lost = behind, turns, lost

    async def batch(self, ops: list[Op]) -> list[Reply]:
        await self._turns.some()
        if self._turns.random.random() < self._lost / 2:
            raise StoreError("lost on the way")
        replies = self._behind.at_once(ops)
        await self._turns.some()
        if self._turns.random.random() < self._lost / 2:
            raise StoreError("lost on the way back")
        return replies

    async def close(self) -> None: ...


class Clock:
    """Of one machine: it differs from the others' by up to a fifth of a second."""

    def __init__(self, true: HandClock, turns: Turns) -> None:
        self._true, self._off_s = true, turns.random.uniform(-0.1, 0.1)

    def now(self) -> float:
        return self._true.now() + self._off_s

    def monotonic(self) -> float:
        return self._true.monotonic()


@pytest.fixture(autouse=True)
def _no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for another process looks again at the next turn: the same seed is the same order."""
    monkeypatch.setattr("buckler.cache.flights._FIRST_PAUSE_S", 0)
    monkeypatch.setattr("buckler.cache.flights._MAX_PAUSE_S", 0)


class World:
    """The rows as they are, the processes that keep what they read of them, and every purge that has returned."""

    def __init__(self, seed: int, lost: float, stale_s: float) -> None:
        random.seed(seed)  # what refreshes early
        self.turns, self.clock = Turns(seed), HandClock()
        self.rows = dict.fromkeys(range(KEYS), 0)
        self.purges: list[tuple[int, int, int, float]] = []  # process, key, version, when
        self.wrong: list[str] = []
        behind = Memory(clock=self.clock)
        self.caches = [Memos(Slow(behind, self.turns, lost), near_s=NEAR_S, clock=Clock(self.clock, self.turns)) for _ in range(PROCESSES)]
        self.readers = [
            cache.memo(ttl_s=20, stale_s=stale_s, tags=lambda key: [f"row {key}", "rows"], name="read")(self.read) for cache in self.caches
        ]

    async def read(self, key: int) -> list[int]:
        await self.turns.some()
        found = self.rows[key]
        await self.turns.some()
        return [found]

    async def look(self, process: int, key: int) -> None:
        """Whether what a process is given is as new as it must know."""
        since_s = self.clock.now()
        # What another has purged is heard of within `near_s`, and after what was being made then.
        due_s = since_s - NEAR_S - 40 * STEP_S
        least = max((version for by, of, version, at_s in self.purges if of == key and (by == process or at_s <= due_s)), default=0)
        (found,) = await self.readers[process](key)
        if found < least:
            self.wrong.append(f"process {process} was given {found} of row {key}, and {least} had been purged; at {since_s - 1.8e9:.2f}")

    async def write(self, process: int, key: int, how: str) -> None:
        self.rows[key] += 1
        version = self.rows[key]
        await self.turns.some()
        try:
            if how == "drop":
                await self.readers[process].purge(key)
            else:
                await self.caches[process].purge(f"row {key}" if how == "tag" else "rows")
        except StoreError:
            return  # who purges is told, and promises nothing
        self.purges.append((process, key, version, self.clock.now()))

    async def act(self) -> None:
        await self.turns.some(100)
        process, key = self.turns.random.randrange(PROCESSES), self.turns.random.randrange(KEYS)
        if self.turns.random.random() < 0.7:
            await self.look(process, key)
        else:
            await self.write(process, key, self.turns.random.choice(["drop", "tag", "all"]))

    async def run(self) -> None:
        acts = [asyncio.create_task(self.act()) for _ in range(ACTS)]
        while not all(act.done() for act in acts):
            self.clock.move(self.turns.random.choice([STEP_S / 100, STEP_S, 2 * STEP_S]))
            await asyncio.sleep(0)
        await asyncio.gather(*acts)
        self.clock.move(NEAR_S + 1)
        for process in range(PROCESSES):
            for key in range(KEYS):
                await self.look(process, key)
        for cache in self.caches:
            await cache.close()


@pytest.mark.parametrize("lost", [0.0, 0.1])
@given(seed=st.integers(0, 2**32), stale_s=st.sampled_from([0.0, 30.0]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nobody_is_given_what_was_purged(lost: float, seed: int, stale_s: float) -> None:
    world = World(seed, lost, stale_s)
    asyncio.run(world.run())
    assert not world.wrong


def test_a_cache_that_forgets_when_the_making_began_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test itself can fail: without the moment, what was read before a purge is kept after it."""
    monkeypatch.setattr("buckler.cache.tags.Tags.began_with", lambda tags, name, *_: tags.version(name))
    for seed in range(1000):
        world = World(seed, 0.0, 0.0)
        asyncio.run(world.run())
        if world.wrong:
            return
    pytest.fail("a thousand orders, and nothing was found")
