"""The first level under every order of events: what was told to have changed is never answered from memory again.

A server, one process with a first level, and others that write. A question, its answer, a write, its acknowledgement and a push each arrive
when the example says so, as on connections of their own; the connection of the pushes is lost, noticed or not, and comes back.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from typing import TYPE_CHECKING

from hypothesis import example, given, settings
from hypothesis import strategies as st

from buckler.core.clock import HandClock
from buckler.core.store import Get, Op, Put, Reply
from buckler.stores.local import Local

if TYPE_CHECKING:
    from collections.abc import Callable

KEYS = ("a", "b")
# One of these a step, with a number that picks the key or the message on the way that it is about.
STEPS = ("ask", "ask both", "execute", "execute", "answer", "answer", "write", "own write", "push", "push", "lose", "notice", "listen")


class World:
    """The versions of each key on the server, what is under way, and what this process has been told."""

    def __init__(self, *, early: bool) -> None:
        self.early = early  # whether it says that something may be missed when a connection is lost, or when the next one listens
        self.versions = dict.fromkeys(KEYS, 0)
        self.told = dict.fromkeys(KEYS, 0)  # what a reader must see at least
        self.asked: list[tuple[list[Op], asyncio.Event, asyncio.Event]] = []
        self.execute: list[asyncio.Event] = []
        self.answer: list[asyncio.Event] = []
        self.pushed: deque[tuple[str, int]] = deque()
        self.listening = True
        self.silent_s = 0.0
        self.tell: Callable[[list[str] | None], None] = lambda _keys: None
        self.local = Local(self, self, clock=HandClock())
        self.tasks: list[asyncio.Task[None]] = []

    # ---- the server, as the first level sees it

    async def batch(self, ops: list[Op]) -> list[Reply]:
        return (await self.dated(ops))[0]

    async def dated(self, ops: list[Op]) -> tuple[list[Reply], list[float]]:
        for way in (self.execute, self.answer):
            arrives = asyncio.Event()
            way.append(arrives)
            await arrives.wait()
            if way is self.execute:
                replies = [self._do(op) for op in ops]
        return replies, [math.inf] * len(ops)

    def _do(self, op: Op) -> Reply:
        if isinstance(op, Put):
            self.write(op.key)
            return None
        return b"%d" % self.versions[op.key]

    def pushes(self, callback: Callable[[list[str] | None], None]) -> None:
        self.tell = callback

    def heard_s(self) -> float:
        return self.silent_s

    async def close(self) -> None: ...

    # ---- what happens

    def write(self, key: str) -> None:
        self.versions[key] += 1
        if self.listening:
            self.pushed.append((key, self.versions[key]))

    def push(self) -> None:
        if self.pushed:
            key, version = self.pushed.popleft()
            self.tell([key])
            self.told[key] = max(self.told[key], version)

    def lose(self) -> None:
        """The connection is gone, and nobody has noticed yet."""
        self.listening = False
        self.pushed.clear()

    def notice(self) -> None:
        if not self.listening and not self.silent_s:
            self.silent_s = math.inf
            if self.early:
                self.tell(None)

    def listen(self) -> None:
        if not self.listening:
            self.notice()
            if not self.early:
                self.tell(None)
            self.listening, self.silent_s = True, 0.0
            self.told = dict(self.versions)

    async def ask(self, *keys: str) -> None:
        told = dict(self.told)
        for key, reply in zip(keys, await self.local.batch([Get(key) for key in keys]), strict=True):
            assert isinstance(reply, bytes)
            assert int(reply) >= told[key]

    async def own(self, key: str) -> None:
        before = self.versions[key]
        await self.local.batch([Put(key, b"", 60)])
        self.told[key] = max(self.told[key], before + 1)

    def step(self, what: str, which: int) -> None:
        key, way = KEYS[which % 2], {"execute": self.execute, "answer": self.answer}.get(what)
        if way is not None:
            if way:
                way.pop(which % len(way)).set()
        elif what in {"ask", "ask both", "own write"}:
            work = self.own(key) if what == "own write" else self.ask(*(KEYS if what == "ask both" else (key,)))
            self.tasks.append(asyncio.ensure_future(work))
        elif what == "write":
            self.write(key)
        else:
            {"push": self.push, "lose": self.lose, "notice": self.notice, "listen": self.listen}[what]()

    def look(self) -> None:
        for key in KEYS:
            known = self.local.at_once([Get(key)])
            assert known is None or self.silent_s == 0
            if known is not None:
                assert isinstance(known[0], bytes)
                assert int(known[0]) >= self.told[key], "memory answers what was told to be over"


async def _play(steps: list[tuple[str, int]], *, early: bool) -> None:
    world = World(early=early)
    for what, which in steps:
        world.step(what, which)
        for _ in range(4):  # let what was woken go on
            await asyncio.sleep(0)
        world.look()
    while world.execute or world.answer:
        for way in (world.execute, world.answer):
            for arrives in way:
                arrives.set()
            way.clear()
        for _ in range(4):
            await asyncio.sleep(0)
        world.look()
    await asyncio.gather(*world.tasks)
    assert not world.local._flying
    assert world.local._bytes == sum(300 + len(key) + len(value or b"") for key, (value, _) in world.local._known.items())


_LEARNT_IN_A_SILENCE = [(what, 0) for what in ("lose", "notice", "ask", "execute", "answer", "write", "listen")]


@example(steps=_LEARNT_IN_A_SILENCE, early=True)
@settings(max_examples=400, deadline=None)
@given(steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 5)), max_size=40), early=st.booleans())
def test_what_was_told_to_have_changed_is_never_answered_again(
    steps: list[tuple[str, int]],
    early: bool,
) -> None:
    asyncio.run(_play(steps, early=early))
