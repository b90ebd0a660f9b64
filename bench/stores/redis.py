"""`python -m bench.stores.redis`: what a batch on Redis costs, alone and 64 at a time: how many a second, how long each waits, how much
processor time of this process and of the server. The clients take turns in every round; the medians are printed, as docs/why/redis.md has
them. redis-py stands beside it where it is installed (it is among the peers)."""

from __future__ import annotations

import argparse
import asyncio
import time
from functools import partial
from importlib.util import find_spec
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

import uvloop

from bench.simulation.redis import Server, running
from buckler.core.store import Get, Op, Put, Take
from buckler.stores.redis import Redis
from buckler.stores.redis_words import SCRIPT, Spaces, _take

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Call = Callable[[], Awaitable[Any]]

VALUE = b"x" * 300  # about a session
LIMIT = 10**9  # never reached: a refusal costs less than what is taken
BATCHES: dict[str, list[Op]] = {
    "1 value": [Get("session")],
    "2 values": [Get("session"), Get("revoked")],
    "1 quota": [Take("client", LIMIT, 60)],
    "1 value, 2 quotas": [Get("session"), Take("client", LIMIT, 60), Take("account", LIMIT, 60, follows=True)],
    "1 value put": [Put("session", VALUE, 600)],
}


class Cost(NamedTuple):
    """Of one batch: µs of waiting, µs of this process, µs of the server's main thread; and how many a second."""

    waited_us: float
    own_us: float
    server_us: float
    per_s: float


async def cost(call: Call, server: Server, batches: int, at_once: int) -> Cost:
    left = batches

    async def some() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await call()

    theirs_us, own_s, begun_s = server.cpu_us(), time.process_time(), time.perf_counter()
    await asyncio.gather(*(some() for _ in range(at_once)))
    took_s, own_s = time.perf_counter() - begun_s, time.process_time() - own_s
    theirs_us = server.cpu_us() - theirs_us
    return Cost(took_s / batches * at_once * 1e6, own_s / batches * 1e6, theirs_us / batches, batches / took_s)


async def measured(server: Server, rounds: int, batches: int) -> dict[tuple[str, int, str], list[Cost]]:
    """Every call of every client, in turn, in every round."""
    store = Redis(server.url, wait_s=5)
    await store.batch([Put("session", VALUE, 600)])
    calls: dict[tuple[str, str], Call] = {(name, "Buckler"): partial(store.batch, ops) for name, ops in BATCHES.items()}
    client = None
    if find_spec("redis"):
        from bench.peers import redis_py  # noqa: PLC0415  # only where it is installed

        ops, spaces = BATCHES["1 value, 2 quotas"], Spaces("bk:v:", "bk:q:")
        words = [b"1", b"G", _take(LIMIT, 60, 1, False, False), _take(LIMIT, 60, 1, True, False)]  # noqa: FBT003  # as the store says it
        client, theirs = redis_py.calls(server.port, [spaces.key(op) for op in ops], SCRIPT, words)
        calls |= {(name, "redis-py"): call for name, call in theirs.items()}
    found: dict[tuple[str, int, str], list[Cost]] = {}
    for turn in range(rounds + 1):
        for at_once in (1, 64):
            for (name, who), call in calls.items():
                one = await cost(call, server, batches if at_once == 1 else 4 * batches, at_once)
                if turn:  # the first round warms up
                    found.setdefault((name, at_once, who), []).append(one)
    await store.close()
    if client is not None:
        await client.aclose()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.stores.redis", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batches", type=int, default=2000)
    given = parser.parse_args()
    with running() as server:
        print(f"Redis {server.version()}\n")
        print("| batch | at once | loop | client | batches/s | waited, µs | this process, µs | server, µs |")
        print("|---|--:|---|---|--:|--:|--:|--:|")
        for loop, run in (("asyncio", asyncio.run), ("uvloop", uvloop.run)):
            for (name, at_once, who), costs in sorted(run(measured(server, given.rounds, given.batches)).items()):
                middle = Cost(*(median(parts) for parts in zip(*costs, strict=True)))
                shown = f"{middle.per_s:,.0f} | {middle.waited_us:,.0f} | {middle.own_us:.1f} | {middle.server_us:.1f}"
                print(f"| {name} | {at_once} | {loop} | {who} | {shown} |", flush=True)


if __name__ == "__main__":
    main()
