"""What every store can do: operations a second and how long they wait, one at a time and 64 at once; and a hundred thousand sessions."""

from __future__ import annotations

import asyncio
import os
import random
import resource
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvloop

from bench.targets import X
from buckler.core.store import Get, Op, Put, Take, able
from buckler.stores.memcached import Memcached
from buckler.stores.memory import Memory
from buckler.stores.postgresql import PostgreSQL
from buckler.stores.redis import Redis
from buckler.stores.shared import Shared
from buckler.stores.sqlite import SQLite
from tests.servers.memcached import MemcachedServer
from tests.servers.postgresql import PostgresqlServer
from tests.servers.redis import RedisServer, redis_program, valkey_program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.progress import Progress
    from buckler.core.store import Store

NAMES = ("memory", "shared", "sqlite", "redis", "valkey", "postgresql", "memcached")
SESSIONS = 100_000
_PUT_AT_ONCE = 200
_VALUE = random.Random(1).randbytes(300)  # noqa: S311  # about a session; not a secret
_KEYS = 10_000
_LIMIT = 1_000_000_000  # never reached


class Opened:
    """A store, and who says how much it holds."""

    def __init__(self, store: Store, kept_mib: Any) -> None:
        self.store, self.kept_mib = store, kept_mib


@contextmanager
def opened(name: str) -> Iterator[Opened]:
    """Lend the store of this name, with its server where it has one."""
    with tempfile.TemporaryDirectory(prefix="buckler-bench-") as folder:
        match name:
            case "memory":
                yield Opened(Memory(max_entries=2 * SESSIONS), lambda: _process_mib(os.getpid()))
            case "shared":
                yield Opened(Shared("bench", folder=folder), lambda: _folder_mib(folder))
            case "sqlite":
                yield Opened(SQLite(Path(folder) / "state.db"), lambda: _folder_mib(folder))
            case "redis" | "valkey":
                with RedisServer(program=valkey_program if name == "valkey" else redis_program) as server:
                    yield Opened(Redis(server.url, wait_s=5), lambda: _redis_mib(server))
            case "postgresql":
                with PostgresqlServer() as server:
                    yield Opened(PostgreSQL(server.url(), wait_s=5), lambda: int(server.sql("SELECT pg_database_size('postgres')")) / 2**20)
            case _:
                with MemcachedServer(megabytes=256) as server:
                    yield Opened(Memcached(f"127.0.0.1:{server.port}", wait_s=5), lambda: _process_mib(server.pid))


def measure(seconds: float, sessions: int, progress: Progress) -> dict[str, Any]:
    """Return what each store can do, and what so many sessions cost it."""
    found: dict[str, Any] = {}
    for name in NAMES:
        progress.say(f"state · store {name}")
        with opened(name) as place:
            found[name] = uvloop.run(_measured(place, seconds, sessions))
        progress.step()
    return found


async def _measured(place: Opened, seconds: float, sessions: int) -> dict[str, Any]:
    store = place.store
    await _fill(store, _KEYS, "k")
    kinds: dict[str, Any] = {
        "get": lambda number: [Get(f"k{number}")],
        "put": lambda number: [Put(f"k{number}", _VALUE, 3600)],
        "take": lambda number: [Take(f"q{number}", _LIMIT, 60)],
        "request": lambda number: [Get(f"k{number}"), Get(f"absent{number}"), Take(f"q{number}", _LIMIT, 60)],
    }
    if Take not in able(store).ops:
        kinds = {kind: made for kind, made in kinds.items() if kind in {"get", "put"}}
    ops = {f"{kind} {X} {at_once}": await _pace(store, made, seconds, at_once) for kind, made in kinds.items() for at_once in (1, 64)}
    before_mib = place.kept_mib()
    await _fill(store, sessions, "session")
    cost = {
        "mib": place.kept_mib() - before_mib,
        "lookup": await _pace(store, lambda number: [Get(f"session{number * sessions // _KEYS}")], seconds, 1),
    }
    await store.close()
    return {"ops": ops, "sessions": cost}


async def _fill(store: Store, count: int, name: str) -> None:
    for begin in range(0, count, _PUT_AT_ONCE):
        numbers = range(begin, min(count, begin + _PUT_AT_ONCE))
        await store.batch([Put(f"{name}{number}", bytes(bytearray(_VALUE)), 3600) for number in numbers])  # each one bytes of its own


async def _pace(store: Store, made: Any, seconds: float, at_once: int) -> dict[str, float]:
    """Ask again and again for so many seconds; return how many a second, and how long each waited."""
    chance, took = random.Random(2), []  # noqa: S311  # which key, not a secret
    until_s = time.perf_counter() + seconds
    quick = getattr(store, "at_once", None)

    async def some() -> None:
        begun_s = time.perf_counter()
        while begun_s < until_s:
            ops: list[Op] = made(chance.randrange(_KEYS))
            if quick is None or quick(ops) is None:
                await store.batch(ops)
            ended_s = time.perf_counter()
            took.append(ended_s - begun_s)
            begun_s = ended_s

    await asyncio.gather(*(some() for _ in range(at_once)))
    took.sort()
    return {"per_s": len(took) / seconds, "p50_us": took[len(took) // 2] * 1e6, "p99_us": took[len(took) * 99 // 100] * 1e6}


def _folder_mib(folder: str) -> float:
    return sum(file.stat().st_blocks * 512 for file in Path(folder).rglob("*")) / 2**20


def _redis_mib(server: RedisServer) -> float:
    line = next(line for line in server.ask("INFO", "memory").splitlines() if line.startswith("used_memory:"))
    return int(line.partition(":")[2]) / 2**20


def _process_mib(pid: int) -> float:
    """Return what a process holds in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize() / 2**20
