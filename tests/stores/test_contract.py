"""The contract of all stores: what is asked of one is asked of each, on the real thing."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any

import pytest

from buckler.core.store import Add, Drop, Get, Put, Replace, Take, Taken, able
from buckler.stores.memory import Memory
from tests.stores.backends import BACKENDS, CLOCK, Bench

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from buckler.core.store import Op

HOUR_S = 3600.0


@pytest.fixture
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    backend = BACKENDS[request.param]
    server = request.getfixturevalue(backend.fixture) if backend.fixture else None
    store = backend.make(server, tmp_path)
    yield Bench(backend, store)
    await store.close()


pytestmark = pytest.mark.usefixtures("patient")
every = pytest.mark.parametrize("bench", list(BACKENDS), indirect=True)
counting = pytest.mark.parametrize("bench", [name for name, backend in BACKENDS.items() if backend.counts], indirect=True)
by_hand = pytest.mark.parametrize("bench", [name for name, backend in BACKENDS.items() if not backend.unit_s], indirect=True)


@every
async def test_what_is_put_is_got(bench: Bench) -> None:
    value = bytes(range(256)) + "✓\r\nEN\r\n".encode()
    assert await bench.store.batch([Get("k"), Put("k", value, 60), Get("k")]) == [None, None, value]
    assert await bench.store.batch([Put("k", b"", 60), Get("k")]) == [None, b""]
    assert await bench.store.batch([Get("other"), Get("k"), Get("k")]) == [None, b"", b""]


@every
async def test_a_large_value_is_whole(bench: Bench) -> None:
    value = bytes(range(251)) * 2000
    assert await bench.store.batch([Put("k", value, 60), Get("k")]) == [None, value]
    assert await bench.store.batch([Get("k")]) == [value]


@every
async def test_any_text_is_a_key_and_none_is_another(bench: Bench) -> None:
    keys = [
        "",
        " ",
        "k",
        "K",
        "k ",
        "k\0",
        "k\r\n",
        "ü",
        "u\u0308",
        "\ud800",
        "{k}",
        "=k",
        "#k",
        "a" * 200,
        "a" * 511,
        "a" * 512,
        "a" * 100_000,
    ]
    for number, key in enumerate(keys):
        assert await bench.store.batch([Add(key, b"%d" % number, HOUR_S)]) == [True]
    assert await bench.store.batch([Get(key) for key in keys]) == [b"%d" % number for number in range(len(keys))]
    assert await bench.store.batch([Drop(key) for key in keys]) == [True] * len(keys)


@every
async def test_an_empty_batch_is_no_work(bench: Bench) -> None:
    assert await bench.store.batch([]) == []


@every
async def test_what_has_expired_is_unknown(bench: Bench) -> None:
    await bench.store.batch([Put("k", b"1", bench.s(10)), Put("twin", b"1", bench.s(10)), Put("long", b"2", 1e9), Put("never", b"3", -1)])
    await bench.passes(10.2)
    async with asyncio.timeout(60):
        while await bench.store.batch([Get("twin")]) != [None]:  # a server that is late, as Memcached's clock is
            await bench.passes(1)
    gone: list[Op] = [Get("k"), Replace("k", b"2", HOUR_S), Drop("k"), Add("k", b"3", HOUR_S), Get("k"), Get("long"), Get("never")]
    assert await bench.store.batch(gone) == [None, False, False, True, b"3", b"2", None]


@by_hand
async def test_what_has_not_expired_is_known(bench: Bench) -> None:
    await bench.store.batch([Put("k", b"1", 10)])
    CLOCK.move(9.9)
    assert await bench.store.batch([Get("k"), Add("k", b"2", 10), Replace("k", b"3", 10)]) == [b"1", False, True]
    CLOCK.move(9.9)
    assert await bench.store.batch([Get("k"), Drop("k")]) == [b"3", True]


@every
async def test_of_many_adders_one_wins(bench: Bench) -> None:
    answers = await asyncio.gather(*(bench.store.batch([Add("k", b"%d" % number, 60)]) for number in range(50)))
    assert sum(answer == [True] for answer in answers) == 1
    assert await bench.store.batch([Get("k")]) == [b"%d" % answers.index([True])]


@every
async def test_of_many_who_drop_one_did(bench: Bench) -> None:
    await bench.store.batch([Put("k", b"", 60)])
    answers = await asyncio.gather(*(bench.store.batch([Drop("k")]) for _ in range(50)))
    assert sum(answer == [True] for answer in answers) == 1


@every
async def test_replace_never_brings_back_what_was_dropped(bench: Bench) -> None:
    assert await bench.store.batch([Replace("k", b"1", 60), Get("k")]) == [False, None]
    assert await bench.store.batch([Put("k", b"1", 60), Replace("k", b"2", 60), Get("k")]) == [None, True, b"2"]
    assert await bench.store.batch([Drop("k"), Drop("k"), Replace("k", b"3", 60), Get("k")]) == [True, False, False, None]


@every
async def test_what_it_says_that_it_can_it_can(bench: Bench) -> None:
    asked: dict[type[Op], Op] = {one: one("k", b"", 60) for one in (Put, Add, Replace)}
    asked |= {Get: Get("k"), Drop: Drop("k"), Take: Take("k", 1, 60)}
    ops = [asked[kind] for kind in asked if kind in able(bench.store).ops]
    assert len(await bench.store.batch(ops)) == len(ops)


def _any_op(chance: random.Random, kinds: frozenset[type[Op]]) -> Op:
    kind: Any = chance.choice(sorted(kinds, key=lambda one: one.__name__))
    key = f"k{chance.randrange(5)}"
    if kind is Take:  # of quotas so slow that no real time counts
        flags = {"follows": chance.random() < 0.3, "spent": chance.random() < 0.2}
        return Take(key, chance.randint(3, 20), 1e9, cost=chance.randint(-3, 9), **flags)
    if kind in {Get, Drop}:
        return Get(key) if kind is Get else Drop(key)
    made: Op = kind(key, chance.randbytes(chance.randrange(40)), 1e6)
    return made


@every
async def test_whatever_is_asked_it_answers_as_memory_does(bench: Bench) -> None:
    model, kinds = Memory(), able(bench.store).ops
    chance = random.Random(4)
    for _ in range(80):
        ops = [_any_op(chance, kinds) for _ in range(chance.randint(1, 12))]
        expected = await model.batch(ops)
        for op, mine, reply in zip(ops, expected, await bench.store.batch(ops), strict=True):
            if isinstance(mine, Taken):
                assert isinstance(reply, Taken)
                assert reply[:2] == mine[:2], (ops, op)
                assert reply == pytest.approx(mine, rel=1e-3, abs=100), (ops, op)
            else:
                assert reply == mine, (ops, op)


@counting
async def test_values_and_quotas_do_not_meet(bench: Bench) -> None:
    replies = await bench.store.batch([Put("k", b"1", 60), Take("k", 2, 60), Get("k"), Drop("k"), Take("k", 2, 60)])
    assert replies[0] is None
    assert replies[2:4] == [b"1", True]
    assert (await bench.takes(Take("k", 2, 60)))[0].allowed is False


@counting
async def test_a_quota_is_a_burst(bench: Bench) -> None:
    take = Take("q", 3, HOUR_S)
    answers = [(await bench.takes(take))[0] for _ in range(4)]
    assert [answer.allowed for answer in answers] == [True, True, True, False]
    assert [answer.remaining for answer in answers] == [2, 1, 0, 0]
    assert 1100 < answers[-1].retry_s <= 1200
    assert 3500 < answers[-1].reset_s <= 3600
    whole = (await bench.takes(Take("other", 3, HOUR_S, cost=3)))[0]
    assert whole == pytest.approx((True, 0, 0.0, HOUR_S))


@counting
async def test_and_then_a_rate(bench: Bench) -> None:
    """The next call comes back when its time has come, and one alone: the one after it would take half an hour."""
    take, until_then = Take("q", 2, HOUR_S), Take("q", 1, HOUR_S / 2 + bench.s(20))
    assert [taken.allowed for taken in await bench.takes(until_then, take)] == [True, False]
    await bench.passes(20.1)
    assert [taken.allowed for taken in await bench.takes(take, take)] == [True, False]


@counting
async def test_a_quota_is_exact_for_fifty_tasks(bench: Bench) -> None:
    """CVE-2024-1722: a hundred attempts at once against a limit of ten are ten."""
    answers = await asyncio.gather(*(bench.takes(Take("q", 10, HOUR_S)) for _ in range(100)))
    assert sum(answer[0].allowed for answer in answers) == 10


@counting
async def test_batches_that_cross_come_to_an_end(bench: Bench) -> None:
    """Each takes from the same quotas, in another order: who locks them as they come waits for ever."""
    names = [f"q{number}" for number in range(6)]

    async def cross(shift: int) -> None:
        order = names[shift:] + names[:shift]
        await bench.store.batch([part for name in order for part in (Take(name, 1000, HOUR_S), Put(name, b"", 60))])

    await asyncio.gather(*(cross(number % 6) for number in range(60)))
    assert [taken.remaining for taken in await bench.takes(*(Take(name, 1000, HOUR_S, cost=0) for name in names))] == [940] * 6


@counting
async def test_a_follower_is_left_alone_when_the_one_before_it_was_refused(bench: Bench) -> None:
    takes = [Take("client", 1, HOUR_S, follows=True), Take("account", 5, HOUR_S, follows=True)]
    assert [answer.allowed for answer in await bench.takes(*takes)] == [True, True]
    for _ in range(10):
        client, account = await bench.takes(*takes)
        assert (client.allowed, account.allowed, account.remaining, account.retry_s) == (False, False, 4, 0.0)
    client, unused = await bench.takes(takes[0], Take("unused", 5, HOUR_S, follows=True))
    assert (unused.allowed, unused.remaining) == (False, 5)
    independent = [Take("client", 1, HOUR_S), Take("account", 5, HOUR_S)]
    assert [answer.allowed for answer in await bench.takes(*independent)] == [False, True]


@counting
async def test_what_is_given_back_is_there_again_and_no_quota_is_more_than_whole(bench: Bench) -> None:
    take, back = Take("q", 3, HOUR_S), Take("q", 3, HOUR_S, cost=-1)
    assert [answer.remaining for answer in await bench.takes(take, take, take, back)] == [2, 1, 0, 1]
    whole = (await bench.takes(back, back, back, back))[-1]
    assert whole == pytest.approx((True, 3, 0.0, 0.0))
    assert [answer.allowed for answer in await bench.takes(take, take, take, take)] == [True, True, True, False]


@counting
async def test_what_is_spent_counts_although_it_is_too_much(bench: Bench) -> None:
    over = (await bench.takes(Take("q", 10, HOUR_S, cost=25, spent=True)))[0]
    assert over == pytest.approx((False, 0, 5400, HOUR_S))
    empty = (await bench.takes(Take("q", 10, HOUR_S)))[0]
    assert not empty.allowed  # and never less than empty
    assert empty.retry_s <= 360
    part = (await bench.takes(Take("other", 10, HOUR_S, cost=4, spent=True)))[0]
    assert part == pytest.approx((True, 6, 0.0, 1440))


@counting
async def test_what_is_spent_follows_like_the_rest(bench: Bench) -> None:
    first, second = await bench.takes(Take("full", 1, 60, cost=2), Take("spared", 5, 60, cost=9, follows=True, spent=True))
    assert (first.allowed, second.allowed, second.remaining) == (False, False, 5)


@counting
async def test_a_quota_that_is_whole_too_late_becomes_an_empty_one(bench: Bench) -> None:
    """As after a clock that was set back by a day, or a limit that was made shorter."""
    await bench.takes(Take("q", 1, 86_400))
    refused = (await bench.takes(Take("q", 1, bench.s(20))))[0]
    assert not refused.allowed
    assert refused.retry_s == pytest.approx(bench.s(20))
    await bench.passes(20.2)
    assert (await bench.takes(Take("q", 1, bench.s(20))))[0].allowed


@by_hand
async def test_a_clock_set_back_does_not_lock_anybody_out(bench: Bench) -> None:
    await bench.store.batch([Take("q", 1, 60)])
    CLOCK.move(-86_400)
    refused = (await bench.takes(Take("q", 1, 60)))[0]
    assert not refused.allowed
    assert refused.retry_s == pytest.approx(60)
    CLOCK.move(60)
    assert (await bench.takes(Take("q", 1, 60)))[0].allowed
    CLOCK.move(86_340)
