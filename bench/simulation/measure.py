"""Measures what the simulation needs of one node and one store, in processor time, which a busy machine changes least."""

from __future__ import annotations

import asyncio
import json
import time
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.facts import machine, today
from bench.simulation.inputs import FOLDER
from bench.simulation.redis import HOST, Server, command, running
from buckler.core.clock import SystemClock
from buckler.core.event import Events
from buckler.core.rate import Rate
from buckler.core.request import Request
from buckler.core.sign import Keys
from buckler.core.site import Site
from buckler.core.store import Put
from buckler.protections.ratelimit.leases import Terms
from buckler.protections.ratelimit.limits import Limits
from buckler.protections.ratelimit.quota import Quota
from buckler.stores.redis import Redis

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

_ROUNDS = 5
_TAKES, _AT_ONCE = 4000, 64
_WRITES, _LISTENERS = 4000, 64
_QUOTA = Quota("client", Rate(100_000_000, 86_400), "simulation", "client:203.0.113.7")


def measured() -> Path:
    """Measure, and return the file that keeps it."""
    with running() as server:
        found: dict[str, Any] = {"date": today(), "machine": machine(), "redis": server.version(), "rounds": _ROUNDS}
        rounds = [asyncio.run(_round(server)) for _ in range(_ROUNDS)]
    found["us"] = {name: [one[name] for one in rounds] for name in rounds[0]}
    FOLDER.mkdir(parents=True, exist_ok=True)
    file = FOLDER / f"measured-{found['date']}.json"
    file.write_text(json.dumps(found, indent=1) + "\n")
    for name, values in found["us"].items():
        print(f"{name}: {median(values):.2f} µs ({min(values):.2f} to {max(values):.2f})")
    return file


async def _round(server: Server) -> dict[str, float]:
    store = Redis(server.url, wait_s=10.0, max_waiting=10_000)
    limits = _limits(store)
    took_us, served_us = await _cost(server, lambda: _takes(limits, _QUOTA))
    leased_us, _ = await _cost(server, lambda: _takes(limits, _QUOTA._replace(lease=Terms(1_000_000, 3600.0))))
    _, alone_us = await _cost(server, lambda: _writes(store))
    listeners = [await _listen(server) for _ in range(_LISTENERS)]
    _, heard_us = await _cost(server, lambda: _writes(store))
    for _, writer in listeners:
        writer.close()
    await store.close()
    return {
        "take_node": took_us / _TAKES,
        "take_store": served_us / _TAKES,
        "leased_node": leased_us / _TAKES,
        "write_store": alone_us / _WRITES,
        "push_store": max(0.0, heard_us - alone_us) / _WRITES / _LISTENERS,
        "push_node": await _heard(server),
    }


async def _cost(server: Server, work: Callable[[], Awaitable[None]]) -> tuple[float, float]:
    """Microseconds of this process and of the server. Done once before: connections and scripts are then there."""
    await work()
    before_us, began_s = server.cpu_us(), time.process_time()
    await work()
    return (time.process_time() - began_s) * 1e6, server.cpu_us() - before_us


def _limits(store: Redis) -> Limits:
    site = Site(("shop.example",), Keys(["a secret of the benchmark: thirty-two bytes"]), store, SystemClock(), Events())
    return Limits(site, report_only=False)


def _request() -> Request:
    request = Request.__new__(Request)
    request.client = "203.0.113.7"
    return request


async def _takes(limits: Limits, quota: Quota) -> None:
    async def some() -> None:
        for _ in range(_TAKES // _AT_ONCE):
            assert await limits.take(_request(), [quota]) is None

    await asyncio.gather(*(some() for _ in range(_AT_ONCE)))


async def _writes(store: Redis) -> None:
    """One after another from a few tasks: a server that has much to do at once pushes several keys in one message."""

    async def some(task: int) -> None:
        for number in range(_WRITES // 4):
            await store.batch([Put(f"session:{task}:{number}", b"x" * 200, 60)])

    await asyncio.gather(*(some(task) for task in range(4)))


async def _listen(server: Server) -> tuple[asyncio.Task[None], asyncio.StreamWriter]:
    """A connection that is told every change, and throws away what it hears."""
    reader, writer = await asyncio.open_connection(HOST, server.port)
    writer.write(command("HELLO", "3") + command("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "bk"))

    async def throw_away() -> None:
        while await reader.read(1 << 16):
            pass

    return asyncio.create_task(throw_away()), writer


async def _heard(server: Server) -> float:
    """What one push costs the process that hears it. Another process writes, and this one does nothing else."""
    store, heard = Redis(server.url, wait_s=10.0), [0]
    store.pushes(lambda keys: heard.__setitem__(0, heard[0] + len(keys or ())))
    await store.batch([Put("first", b"x", 60)])
    await asyncio.sleep(1.0)  # until it listens
    began, began_s = heard[0], time.process_time()
    key = ("SET", "bk:v:session:__rand_int__", "x" * 200, "EX", "60")
    arguments = ["-h", HOST, "-p", str(server.port), "-q", "-n", str(4 * _WRITES), "-c", "4", "-r", "100000000", *key]
    writer = await asyncio.create_subprocess_exec("redis-benchmark", *arguments, stdout=asyncio.subprocess.DEVNULL)
    await writer.wait()
    await asyncio.sleep(0.2)
    used_us, count = (time.process_time() - began_s) * 1e6, heard[0] - began
    await store.close()
    assert count >= _WRITES
    return used_us / count
