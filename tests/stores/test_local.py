"""The first level: what is known costs nothing, what changed elsewhere is not believed, and it never grows."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

import pytest

from buckler.core.clock import HandClock
from buckler.core.store import Able, Add, Drop, Get, Op, Put, Reach, Replace, Reply, Take
from buckler.errors import ConfigError, StoreError
from buckler.stores.local import Bounds, Local
from buckler.stores.memory import Memory

if TYPE_CHECKING:
    from collections.abc import Callable


class Server:
    """A store with a clock, whose pushes are sent by hand, and which can be made to answer late or not at all."""

    able = Able(Reach.NETWORK)

    def __init__(self) -> None:
        self.clock = HandClock()
        self.kept = Memory(clock=self.clock)
        self.trips = 0
        self.fails = False
        self.slow: asyncio.Event | None = None
        self.silent_s = 0.0
        self.tell: Callable[[list[str] | None], None] = lambda _keys: None
        self.until: dict[str, float] = {}

    async def batch(self, ops: list[Op]) -> list[Reply]:
        return (await self.dated(ops))[0]

    async def dated(self, ops: list[Op]) -> tuple[list[Reply], list[float]]:
        self.trips += 1
        replies = self.kept.at_once(ops)
        for op in ops:
            if isinstance(op, Put | Add | Replace):
                self.until[op.key] = self.clock.now() + op.ttl_s
        if self.slow is not None:
            await self.slow.wait()
        if self.fails:
            raise StoreError("gone")
        return replies, [self.until.get(op.key, 0.0) for op in ops]

    async def close(self) -> None:
        await self.kept.close()

    def pushes(self, callback: Callable[[list[str] | None], None]) -> None:
        self.tell = callback

    def heard_s(self) -> float:
        return self.silent_s

    def local(self, **options: float) -> Local:
        return Local(self, self, clock=self.clock, bounds=Bounds(**options))  # type: ignore[arg-type]  # whole numbers where they must be


A, B = Get("a"), Get("b")


async def test_what_was_asked_is_known_and_so_is_what_was_not_there() -> None:
    server = Server()
    local = server.local()
    await server.batch([Put("a", b"1", 60)])
    assert local.at_once([A, B]) is None
    assert await local.batch([A, B]) == [b"1", None]
    assert local.at_once([A, B]) == [b"1", None]
    assert local.at_once([]) == []
    assert await local.batch([A, B]) == [b"1", None]
    assert server.trips == 2


async def test_only_questions_are_answered_at_once() -> None:
    server = Server()
    local = server.local()
    await local.batch([A])
    for op in (Put("a", b"", 1), Add("a", b"", 1), Replace("a", b"", 1), Drop("a"), Take("a", 1, 1)):
        assert local.at_once([A, op]) is None


async def test_what_is_learnt_beside_other_work_is_known_too() -> None:
    server = Server()
    local = server.local()
    await local.batch([Take("q", 5, 60), A])
    assert local.at_once([A]) == [None]


async def test_what_is_pushed_is_forgotten() -> None:
    server = Server()
    local = server.local()
    await local.batch([A, B])
    server.tell(["a", "unknown"])
    assert local.at_once([A]) is None
    assert local.at_once([B]) == [None]
    server.tell(None)
    assert local.at_once([B]) is None


@pytest.mark.parametrize("write", [Put("a", b"2", 60), Replace("a", b"2", 60), Drop("a"), Add("a", b"2", 60)])
async def test_what_is_written_here_is_asked_for_again(write: Op) -> None:
    server = Server()
    local = server.local()
    await local.batch([A])
    await local.batch([write])
    assert local.at_once([A]) is None
    await local.batch([A, write, A])  # what is read before a write in the same batch is over
    assert local.at_once([A]) is None


async def test_a_write_that_failed_may_have_happened() -> None:
    server = Server()
    local = server.local()
    await local.batch([A])
    server.fails = True
    with pytest.raises(StoreError):
        await local.batch([Put("a", b"1", 60)])
    assert local.at_once([A]) is None
    with pytest.raises(StoreError):
        await local.batch([A])
    server.fails = False
    assert await local.batch([A]) == [b"1"]


async def _while_asking(server: Server, local: Local, meanwhile: Callable[[], object]) -> None:
    """Something happens between the store's answer and its arrival."""
    server.slow = asyncio.Event()
    asking = asyncio.create_task(local.batch([A, B]))
    await asyncio.sleep(0)
    meanwhile()
    server.slow.set()
    await asking
    server.slow = None


async def test_an_answer_that_was_overtaken_is_not_kept() -> None:
    server = Server()
    local = server.local()
    await _while_asking(server, local, lambda: server.tell(["a"]))
    assert local.at_once([A]) is None
    assert local.at_once([B]) == [None]
    await local.batch([A])
    assert local.at_once([A]) == [None]  # the next one is


async def test_no_answer_from_before_a_lost_connection_is_kept() -> None:
    server = Server()
    local = server.local()
    await _while_asking(server, local, lambda: server.tell(None))
    assert local.at_once([A]) is None


async def test_an_answer_overtaken_by_a_write_of_this_process_is_not_kept() -> None:
    server = Server()
    local = server.local()
    server.slow = slow = asyncio.Event()
    asking = [asyncio.create_task(local.batch([A])) for _ in range(2)]
    await asyncio.sleep(0)
    server.slow = None
    await local.batch([Drop("a")])
    slow.set()
    await asyncio.gather(*asking)
    assert local.at_once([A]) is None
    assert not local._flying


async def test_a_question_asked_after_a_change_is_kept_although_an_older_one_is_on_its_way() -> None:
    """Else a key that somebody is always asking for would never be known again."""
    server = Server()
    local = server.local()
    old, new = asyncio.Event(), asyncio.Event()
    server.slow = old
    first = asyncio.create_task(local.batch([A]))
    await asyncio.sleep(0)
    server.tell(["a"])
    server.slow = new
    second = asyncio.create_task(local.batch([A]))
    await asyncio.sleep(0)
    new.set()
    await second
    assert local.at_once([A]) == [None]
    old.set()
    await first
    assert local.at_once([A]) == [None]
    assert not local._flying


async def test_nothing_is_believed_after_a_silence() -> None:
    server = Server()
    local = server.local(silent_s=2)
    await local.batch([A])
    server.silent_s = 2.1
    assert local.at_once([A]) is None
    server.silent_s = 1.9
    assert local.at_once([A]) == [None]


async def test_nothing_is_learnt_in_a_silence() -> None:
    """Who is not told of changes cannot know what is still so when the connection is back."""
    server = Server()
    local = server.local()
    server.silent_s = math.inf
    await local.batch([A])
    server.silent_s = 0.0
    assert local.at_once([A]) is None


async def test_no_value_is_known_for_longer_than_it_is_good() -> None:
    server = Server()
    local = server.local(kept_s=100)
    await local.batch([Put("a", b"1", 50), Put("b", b"2", 500)])
    await local.batch([A, B, Get("c")])
    server.clock.move(49)
    assert local.at_once([A, B, Get("c")]) == [b"1", b"2", None]
    server.clock.move(1)
    assert local.at_once([A]) is None
    assert local.at_once([B, Get("c")]) == [b"2", None]
    server.clock.move(50)
    assert local.at_once([B]) is None
    assert local.at_once([Get("c")]) is None


async def test_it_is_bounded_in_entries_and_what_is_used_stays() -> None:
    server = Server()
    local = server.local(max_entries=3)
    for key in ("a", "b", "c"):
        await local.batch([Get(key)])
    assert local.at_once([A]) == [None]
    await local.batch([Get("d")])
    assert local.at_once([B]) is None
    assert local.at_once([A, Get("c"), Get("d")]) == [None, None, None]


async def test_it_is_bounded_in_bytes_also_of_one_value() -> None:
    server = Server()
    local = server.local(max_bytes=10_000, max_value_bytes=2_000)
    await local.batch([Put("big", b"x" * 2_000, 60)])
    await local.batch([Get("big")])
    assert local.at_once([Get("big")]) is None
    for number in range(100):
        await local.batch([Put(f"k{number}", b"x" * 1_000, 60)])
        await local.batch([Get(f"k{number}")])
        assert local._bytes <= 10_000
    assert len(local._known) == 7
    server.tell(["k99"])
    server.slow = asyncio.Event()
    asking = [asyncio.create_task(local.batch([Get("k99")])) for _ in range(5)]
    await asyncio.sleep(0)
    server.slow.set()
    await asyncio.gather(*asking)
    assert local._bytes <= 10_000  # what is learnt twice is not counted twice
    server.tell([f"k{number}" for number in range(100)])
    assert (local._bytes, len(local._known)) == (0, 0)


async def test_an_answer_that_is_no_value_is_not_kept() -> None:
    class Lies(Server):
        async def dated(self, ops: list[Op]) -> tuple[list[Reply], list[float]]:
            return [True] * len(ops), [math.inf] * len(ops)

    local = Lies().local()
    await local.batch([A])
    assert local.at_once([A]) is None


async def test_it_closes_its_store_and_forgets() -> None:
    server = Server()
    local = server.local()
    await local.batch([Put("a", b"1", 60)])
    await local.batch([A])
    await local.close()
    assert local.at_once([A]) is None
    assert await server.batch([A]) == [None]
    assert local.able == Able(Reach.NETWORK)


@pytest.mark.parametrize("option", ["max_entries", "max_bytes", "max_value_bytes", "kept_s", "silent_s"])
def test_numbers_are_over_zero(option: str) -> None:
    with pytest.raises(ConfigError, match=f"Bounds.{option}"):
        Server().local(**{option: 0})
