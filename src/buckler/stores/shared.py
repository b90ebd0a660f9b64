"""State of all worker processes of one machine: in shared memory, with no server to start and no file to choose.

It is LMDB, chosen by measurement (docs/why/stores.md): it reads twice as fast as SQLite and writes three times as fast. Readers never wait.
Writers do what LMDB itself cannot: a lock that is only tried stands before LMDB's own, which can only be waited for. So whoever is stopped
while it writes delays the others' writes, up to `busy_s`, and never their event loops. What a killed writer had begun is undone.

It lasts until the machine starts again. Where sessions must outlive that, use `SQLite(path)`.
"""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
import time
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING

from buckler.core.clock import Clock, SystemClock
from buckler.core.options import need, need_positive
from buckler.core.store import Able, Drop, Reach
from buckler.errors import ConfigError, StoreError
from buckler.stores.shared_place import own_folder, place

if TYPE_CHECKING:
    from buckler.core.store import Op, Reply

_MEMORY = "/dev/shm"  # noqa: S108  # in it, a folder of this user's own: see `own_folder`
_MAX_BYTES = 1 << 28
_FIRST_PAUSE_S, _MAX_PAUSE_S = 0.0005, 0.02  # a writer holds the lock for some 10 µs
_START_S = 20.0
_chance = SystemRandom()


class Shared:
    """Keeps everything in shared memory under `name`, which each application has for itself: processes of one user that say it share it.

    `max_bytes` bounds what is kept; beyond it a write is a `StoreError` until something expires. By default 256 MiB, or a quarter of a
    shared memory that is smaller. `busy_s`: seconds after which a batch that cannot get the write lock raises `StoreError`; the next ones
    wait for a moment only, until one gets it. `folder` is for systems where shared memory is no folder, and for tests. Raises
    `ConfigError`. Safe over a fork, before its first use and after.
    """

    able = Able(Reach.MACHINE)

    def __init__(
        self,
        name: str = "buckler",
        *,
        max_bytes: int | None = None,
        busy_s: float = 2.0,
        folder: str | Path | None = None,
        clock: Clock | None = None,
    ) -> None:
        need_positive(self, busy_s=busy_s)
        need(re.fullmatch(r"[A-Za-z0-9][\w-]{0,63}", name, re.ASCII), "Shared.name", name, "use up to 64 letters, digits, `-` and `_`")
        home = own_folder(Path(folder) if folder is not None else _memory()).resolve()
        self._place = place(home / f"{name}.lmdb", _bound(home, max_bytes))
        self._busy_s, self._clock = busy_s, clock or SystemClock()
        self.max_bytes = self._place.max_bytes
        self._prepare()
        self._place.users += 1
        self._closed = False

    def _prepare(self) -> None:
        """Make the file, so that a wrong place is known at startup. Keeps nothing open."""
        end_s, path = time.monotonic() + _START_S, str(self._place.path)
        try:
            while self.at_once([Drop("")]) is None:  # others start at the same moment
                need(time.monotonic() < end_s, "Shared.name", path, "another process holds its lock and does not go on: end it")
                time.sleep(_MAX_PAUSE_S)
        except StoreError as failure:
            raise ConfigError("Shared.name", path, f"{failure}; remove the file, and a new one is made") from failure
        self._place.leave()

    def at_once(self, ops: list[Op]) -> list[Reply] | None:
        """Do all `ops`, all or none; or nothing, where another process or another thread is writing. Never waits."""
        return self._place.at_once(ops, self._clock)

    async def batch(self, ops: list[Op]) -> list[Reply]:
        """Do all `ops`, all or none. Where it must wait, the event loop goes on."""
        here, pause_s, waited_s = self._place, _FIRST_PAUSE_S, 0.0
        while (replies := here.at_once(ops, self._clock)) is None:
            if waited_s >= (min(self._busy_s, _MAX_PAUSE_S) if here.stuck else self._busy_s):
                here.stuck = True
                raise StoreError("Shared: another process holds the lock, and does not go on")
            part_s = pause_s * _chance.uniform(0.5, 1.0)  # so that waiting workers do not march in step
            await asyncio.sleep(part_s)
            waited_s += part_s
            pause_s = min(2 * pause_s, _MAX_PAUSE_S)
        return replies

    async def close(self) -> None:
        self._place.users -= not self._closed
        self._closed = True
        self._place.leave()


def _memory() -> Path:
    return Path(_MEMORY if Path(_MEMORY).is_dir() else tempfile.gettempdir())


def _bound(folder: Path, max_bytes: int | None) -> int:
    """How much may be kept: no more than there is place for."""
    found = os.statvfs(folder)
    place_bytes = found.f_frsize * found.f_blocks
    if max_bytes is None:
        return min(_MAX_BYTES, place_bytes // 4)
    good = isinstance(max_bytes, int) and 1 << 16 <= max_bytes <= place_bytes
    need(good, "Shared.max_bytes", max_bytes, f"give 65536 to {place_bytes} bytes")
    return max_bytes
