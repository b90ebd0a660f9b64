"""The script in Redis does what the memory store does: every reply of every batch is the same, bit for bit."""

from __future__ import annotations

import asyncio
import hashlib
import math
import struct
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from buckler.core.clock import HandClock
from buckler.core.store import Add, Drop, Get, Op, Put, Replace, Take, Taken
from buckler.stores import redis_node, redis_words
from buckler.stores.memory import Memory
from buckler.stores.redis import Redis
from buckler.stores.redis_wire import packed
from tests.stores.machine import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.servers.redis import RedisServer

pytestmark = pytest.mark.usefixtures("patient")

START_US = 1_800_000_000_000_000
KEPT_S = 3600  # longer than the test: what expires by the server's own clock is another test's

KEYS = st.sampled_from(["a", "b", "c"])
VALUES = st.binary(max_size=8)
NUMBERS = st.floats(0.001, 1e6, allow_nan=False)
WILD = st.builds(
    Take, KEYS, st.integers(1, 10**9), NUMBERS, st.integers(-5, 20) | st.integers(-(10**6), 10**6), st.booleans(), st.booleans()
)
# Few limits, and times around the moments at which the next call is allowed: where the decisions are.
NEAR = st.builds(
    Take, st.just("q"), st.sampled_from([1, 3]), st.sampled_from([3.0, 60.0]), st.integers(-1, 4), st.booleans(), st.booleans()
)
PLAIN = st.builds(Take, st.just("q"), st.just(3), st.just(60.0))
TAKES = NEAR | PLAIN | WILD
OPS = st.one_of(
    TAKES,
    TAKES,
    TAKES,
    TAKES,
    TAKES,
    st.builds(Get, KEYS),
    st.builds(Put, KEYS, VALUES, st.just(KEPT_S)),
    st.builds(Add, KEYS, VALUES, st.just(KEPT_S)),
    st.builds(Replace, KEYS, VALUES, st.just(KEPT_S)),
    st.builds(Drop, KEYS),
)
MOVES_US = st.one_of(  # the clock is set back, too
    st.just(0),
    st.builds(lambda calls, odd: calls * 10**6 + odd, st.sampled_from([-3600, -60, -20, -1, 0, 1, 3, 20, 40, 60]), st.integers(-300, 300)),
    st.integers(-(10**8), 10**9),
)
STEPS = st.lists(st.tuples(MOVES_US, st.lists(OPS, min_size=1, max_size=5)), min_size=1, max_size=15)


@pytest.fixture
def by_hand(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The script with a clock that a test moves, in place of the server's; and quotas that do not expire by the server's meanwhile."""
    text = redis_words.SCRIPT
    text = _replaced(text, b"redis.call('TIME')", b"redis.call('LRANGE', 'hand', 0, -1)")
    text = _replaced(text, b"string.format('%.0f', math.ceil((new - now) * 1000) + 1)", b"'3600000'")
    monkeypatch.setattr(redis_node, "SCRIPT", text)
    monkeypatch.setattr(redis_node, "LOAD", packed((b"SCRIPT", b"LOAD", text)))
    monkeypatch.setattr(redis_words, "_SHA", hashlib.sha1(text, usedforsecurity=False).hexdigest().encode())
    return iter([None])


def _replaced(text: bytes, old: bytes, new: bytes) -> bytes:
    assert text.count(old) == 1, old
    return text.replace(old, new)


@pytest.mark.usefixtures("by_hand")
def test_every_reply_is_that_of_the_memory(server: RedisServer) -> None:
    with asyncio.Runner() as runner:
        store = Redis(server.url, prefix="script", wait_s=30)

        @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
        @given(STEPS)
        @example([(0, [Take("q", 3, 60, 3)]), (20_000_000 - 100, [Take("q", 3, 60)]), (90, [Take("q", 3, 60)])])  # a rounding error's size
        def same(steps: list[tuple[int, list[Op]]]) -> None:
            server.ask("FLUSHDB")
            at_us, clock = START_US, HandClock()
            memory = Memory(clock=clock)
            for moved_us, ops in steps:
                at_us += moved_us
                clock._at_s = at_us // 10**6 + at_us % 10**6 / 10**6  # as the script puts it together
                server.ask("DEL", "hand")
                server.ask("RPUSH", "hand", str(at_us // 10**6), str(at_us % 10**6))
                here, there = memory.at_once(ops), runner.run(store.batch(ops))
                assert _shown(here) == _shown(there)

        same()
        runner.run(store.close())


def _shown(replies: Sequence[object]) -> list[object]:
    """Floats by their bits: -0.0 and 0.0 are the same to `==`, and so are True and 1."""
    return [
        (type(reply).__name__, *(struct.pack("<d", part) if isinstance(part, float) else repr(part) for part in reply))
        if isinstance(reply, Taken)
        else repr(reply)
        for reply in replies
    ]


async def test_a_quota_is_forgotten_when_it_is_whole_and_not_before(server: RedisServer) -> None:
    store = Redis(server.url, prefix="whole", wait_s=30)
    server.ask("FLUSHDB")
    began_s = time.monotonic()
    (slow,) = await store.batch([Take("slow", 10, KEPT_S)])
    assert isinstance(slow, Taken)
    left_ms = server.ask("PTTL", "whole:q:slow")
    took_ms = 1000 * (time.monotonic() - began_s)
    assert 1000 * slow.reset_s - took_ms - 1 <= left_ms <= math.ceil(slow.reset_s * 1000) + 1
    (taken,) = await store.batch([Take("q", 10, 1.0)])
    assert isinstance(taken, Taken)
    await eventually(lambda: not server.ask("EXISTS", "whole:q:q"))
    (again,) = await store.batch([Take("q", 10, 1.0)])
    assert again is not None
    assert again == taken._replace(reset_s=again.reset_s)  # type: ignore[union-attr]  # a Taken, as the one before
    await store.close()


async def test_a_refusal_writes_nothing(server: RedisServer) -> None:
    """Attack traffic is the cheapest: no replica, no log and no listener hears of it."""
    store = Redis(server.url, prefix="refused", wait_s=30)
    server.ask("FLUSHDB")
    await store.batch([Take("q", 1, 3600)])
    before = server.ask("INFO", "commandstats")
    replies = [(await store.batch([Take("q", 1, 3600), Take("other", 5, 3600, follows=True)])) for _ in range(20)]
    assert not any(reply.allowed for one in replies for reply in one if isinstance(reply, Taken))
    after = server.ask("INFO", "commandstats")
    assert _calls(before, "set") == _calls(after, "set")
    assert _calls(before, "del") == _calls(after, "del")
    await store.close()


def _calls(told: str, command: str) -> int:
    lines = [line for line in told.splitlines() if line.startswith(f"cmdstat_{command}:")]
    return int(lines[0].partition("calls=")[2].partition(",")[0]) if lines else 0
