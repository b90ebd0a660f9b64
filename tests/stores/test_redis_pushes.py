"""What changes is told, quotas tell nothing, and a connection that stalls or ends is noticed: nobody trusts what may be old."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from buckler.core.clock import HandClock
from buckler.core.store import Drop, Get, Put, Take
from buckler.errors import StoreError
from buckler.stores import redis_pushes
from buckler.stores.redis import Redis
from tests.servers.redis import RedisServer
from tests.stores.machine import eventually
from tests.stores.patience import HANGS_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

BOUND_S = 2.0  # what the first level waits for before it trusts nothing (stores/local.py)


class Told:
    """What was told, and a store that listens."""

    def __init__(self, url: str) -> None:
        self.store = Redis(url, wait_s=30)
        self.all: list[list[str] | None] = []
        self.store.pushes(self.all.append)

    @property
    def keys(self) -> list[str]:
        return [key for keys in self.all if keys for key in keys]

    async def listening(self) -> None:
        await self.store.batch([Get("nothing")])
        await eventually(lambda: self.store.heard_s() < BOUND_S)
        self.all.clear()


@pytest.fixture
async def other(server: RedisServer) -> AsyncIterator[Redis]:
    """Another process."""
    made = Redis(server.url, wait_s=30)
    yield made
    await made.close()


@pytest.fixture
async def told(server: RedisServer, patient: None) -> AsyncIterator[Told]:
    made = Told(server.url)
    await made.listening()
    yield made
    await made.store.close()
    assert made.store.heard_s() == float("inf")


async def test_what_others_change_is_told(told: Told, other: Redis, server: RedisServer) -> None:
    await other.batch([Put("a", b"1", 60), Put("✓", b"1", 0.05)])
    await other.batch([Take("quota", 5, 60), Drop("a")])
    server.ask("SET", "stranger:v:a", "1")
    await other.batch([Put("last", b"1", 60)])
    await eventually(lambda: "last" in told.keys)
    assert set(told.keys) == {"a", "✓", "last"}
    await eventually(lambda: told.keys.count("✓") == 2)  # its time was over
    told.all.clear()
    server.ask("FLUSHALL")
    await eventually(lambda: told.all == [None])


async def test_it_says_how_long_ago_all_was_heard(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock that stands still but when it is moved: then all was heard just now, until the next beat has an answer too."""
    clock = HandClock()
    monkeypatch.setattr(redis_pushes, "time", SimpleNamespace(monotonic=clock.monotonic))
    monkeypatch.setattr(redis_pushes, "_SILENT_S", HANGS_S)
    told = Told(server.url)
    await told.listening()
    for _ in range(5):
        clock.move(1.0)
        assert told.store.heard_s() == 1.0
        await eventually(lambda: told.store.heard_s() == 0.0)
    await told.store.close()


def test_a_beat_and_the_wait_for_its_answer_are_within_the_bound() -> None:
    assert redis_pushes.BEAT_S + redis_pushes._SILENT_S < BOUND_S


async def test_a_connection_that_is_cut_is_made_again_and_everything_may_have_changed(told: Told, server: RedisServer) -> None:
    server.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    await eventually(lambda: None in told.all)
    await eventually(lambda: told.store.heard_s() < BOUND_S)
    assert told.all.count(None) >= 2  # when it was lost, and when it listened again
    await told.store.batch([Put("after", b"1", 60)])
    await eventually(lambda: "after" in told.keys)


async def test_a_stalled_server_is_noticed_within_the_bound() -> None:
    with RedisServer() as server:
        told = Told(server.url)
        await told.listening()
        began_s = time.monotonic()
        heard_s = told.store.heard_s()
        server.pause()
        await eventually(lambda: told.store.heard_s() > BOUND_S)
        assert heard_s + time.monotonic() - began_s >= BOUND_S - 1  # it was heard until then
        await eventually(lambda: None in told.all)
        server.resume()
        await eventually(lambda: told.store.heard_s() < BOUND_S)
        server.kill()
        await eventually(lambda: told.store.heard_s() == float("inf"))
        server.start()
        await eventually(lambda: told.store.heard_s() < BOUND_S)
        await told.store.close()


async def test_a_server_that_cannot_tell_is_not_believed() -> None:
    with RedisServer() as server:
        server.ask("ACL", "SETUSER", "default", "-client|tracking")
        told = Told(server.url)
        await told.store.batch([Get("a")])
        ears: Any = told.store._ears
        await eventually(lambda: ears._listening)
        await asyncio.sleep(0.1)
        assert told.store.heard_s() == float("inf")
        server.ask("ACL", "SETUSER", "default", "+client|tracking")
        await eventually(lambda: told.store.heard_s() < BOUND_S)
        server.ask("ACL", "SETUSER", "default", "-ping")
        await eventually(lambda: told.store.heard_s() == float("inf"))
        await told.store.close()


async def test_nobody_listens_before_the_first_batch_or_without_being_asked(server: RedisServer) -> None:
    store = Redis(server.url, wait_s=30)
    assert store.heard_s() == float("inf")
    await store.batch([Get("a")])
    assert store.heard_s() == float("inf")
    all_told: list[list[str] | None] = []
    store.pushes(all_told.append)  # in the middle of things
    await eventually(lambda: store.heard_s() < BOUND_S)
    await store.close()


async def test_a_primary_that_is_replaced_is_not_listened_to_any_more(told: Told) -> None:
    ears: Any = told.store._ears
    found = ears._primaries

    async def nobody() -> Any:
        raise StoreError

    ears._primaries = nobody
    await eventually(lambda: told.store.heard_s() == float("inf"))
    assert not ears._listening
    ears._primaries = found
    await eventually(lambda: told.store.heard_s() < BOUND_S)


async def test_what_else_is_said_unasked_is_passed_over(told: Told) -> None:
    ears: Any = told.store._ears
    ears._heard([b"message", b"news", b"hello"])
    assert told.all == []


def test_in_the_next_event_loop_it_listens_anew(redis_server: RedisServer) -> None:
    told = Told(redis_server.url)

    async def visit(*, last: bool) -> None:
        await told.listening()
        if last:
            await told.store.close()
        else:  # as a process that forgets to: what belongs to its event loop is of no use any more
            ears: Any = told.store._ears
            await ears.close()
            here: Any = told.store._here
            await here.close()

    asyncio.run(visit(last=False))
    asyncio.run(visit(last=True))
