"""Every backend of the store contract, made for one test: with state of its own, and a way to let time pass."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

from buckler.core.clock import HandClock, SystemClock
from buckler.core.event import Events
from buckler.core.sign import Keys
from buckler.core.store import Take, Taken
from buckler.guard.state import sealed
from buckler.stores.memcached import Memcached
from buckler.stores.memory import Memory
from buckler.stores.postgresql import PostgreSQL
from buckler.stores.redis import Redis
from buckler.stores.sealed import Sealed
from buckler.stores.shared import Shared
from buckler.stores.sqlite import SQLite
from buckler.testing import SECRET

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from buckler.core.store import Store

CLOCK = HandClock()
_numbers = count(1)
PATIENT = {"wait_s": 30.0}  # a busy machine is no failure


class Backend(NamedTuple):
    """How a store is made for the server that `fixture` starts. `unit_s`: a unit of the tests' time; 0: the clock is moved by hand."""

    fixture: str | None
    make: Callable[..., Store]
    unit_s: float = 0.0
    counts: bool = True


def _memory(server: None, path: Path, **options: Any) -> Store:
    return Memory(clock=CLOCK, **options)


def _sqlite(server: None, path: Path, **options: Any) -> Store:
    return SQLite(path / "state.db", clock=CLOCK, **options)


def _shared(server: None, path: Path, **options: Any) -> Store:
    return Shared("state", folder=path, clock=CLOCK, **options)


def _redis(server: Any, path: Path, **options: Any) -> Store:
    return Redis(server.url, prefix=f"test{next(_numbers)}", **{**PATIENT, **options})


def _cluster(server: Any, path: Path, **options: Any) -> Store:
    return _redis(server, path, cluster=True, **options)


def _postgresql(server: Any, path: Path, **options: Any) -> Store:
    return PostgreSQL(server.url(), schema=f"test{next(_numbers)}", **{**PATIENT, **options})


def _memcached(server: Any, path: Path, **options: Any) -> Store:
    host, port = server.address
    return Memcached(f"{host}:{port}", prefix=f"test{next(_numbers)}", **{**PATIENT, **options})


def _sealed(server: None, path: Path, **options: Any) -> Store:
    return Sealed(_memory(server, path, **options), Keys([SECRET]), clock=CLOCK, forged=_forged)


def _guarded(server: Any, path: Path, **options: Any) -> Store:
    """As a guard uses it: sealed, and with a first level, since it tells what changes."""
    return sealed(_redis(server, path, **options), Keys([SECRET]), Events(), SystemClock())


def _forged(detail: str) -> None:
    raise AssertionError(detail)


BACKENDS: dict[str, Backend] = {
    "memory": Backend(None, _memory),
    "sqlite": Backend(None, _sqlite),
    "shared": Backend(None, _shared),
    "redis": Backend("redis_server", _redis, 0.05),
    "valkey": Backend("valkey_server", _redis, 0.05),
    "redis cluster": Backend("redis_cluster", _cluster, 0.05),
    "valkey cluster": Backend("valkey_cluster", _cluster, 0.05),
    "postgresql": Backend("postgresql_server", _postgresql, 0.05),
    "memcached": Backend("memcached_server", _memcached, 0.2, counts=False),
    "memory, sealed": Backend(None, _sealed),
    "redis, guarded": Backend("redis_server", _guarded, 0.05),
}


class Bench:
    """A store under test, and its time: in units, so that servers, whose clock nobody moves, need not be waited for long."""

    def __init__(self, backend: Backend, store: Store) -> None:
        self.store, self._unit_s, self.by_hand = store, backend.unit_s or 1.0, not backend.unit_s

    def s(self, units: float) -> float:
        return units * self._unit_s

    async def passes(self, units: float) -> None:
        if self.by_hand:
            CLOCK.move(units)
        else:
            await asyncio.sleep(self.s(units))

    async def takes(self, *takes: Take) -> list[Taken]:
        answers = [answer for answer in await self.store.batch(list(takes)) if isinstance(answer, Taken)]
        assert len(answers) == len(takes)
        return answers
