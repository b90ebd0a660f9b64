"""State of all worker processes of one machine: in shared memory, with no server to start and no file to choose.

It is LMDB, chosen by measurement (docs/why/stores.md): it reads four times as fast as SQLite, and writes five times as fast. Readers never
wait. Writers do what LMDB itself cannot: a lock that is only tried stands before LMDB's own, which can only be waited for. So whoever is
stopped while it writes delays the others' writes, up to `busy_s`, and never their event loops. What a killed writer had begun is undone.

It lasts until the machine starts again. Where sessions must outlive that, use `SQLite(path)`.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import random
import re
import stat
import tempfile
import threading
import time
from functools import partial
from pathlib import Path
from weakref import WeakSet

from buckler.core.clock import Clock, SystemClock
from buckler.core.options import need, need_positive
from buckler.core.store import Able, Drop, Get, Op, Reach, Reply
from buckler.errors import ConfigError, StoreError
from buckler.stores.shared_table import Failure, Table

_MEMORY = "/dev/shm"  # noqa: S108  # in it, a folder of this user's own: see `_own_folder`
_MAX_BYTES = 1 << 28
_FIRST_PAUSE_S, _MAX_PAUSE_S = 0.0005, 0.02  # a writer holds the lock for some 10 µs
_START_S = 20.0
_LOOK_S = 1.0  # how often it is asked whether the file is still there: systemd removes those of users who are gone


class Shared:
    """Keeps everything in shared memory under `name`, which each application has for itself: processes of one user that say it share it.

    `max_bytes` bounds what is kept; beyond it a write is a `StoreError` until something expires. By default 256 MiB, or a quarter of a
    shared memory that is smaller. `busy_s`: seconds after which a batch that cannot get the write lock raises `StoreError`; the next ones
    do so at once, until the lock is free again. `folder` is for systems where shared memory is no folder, and for tests. Raises
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
        self._path = _own_folder(Path(folder) if folder is not None else _memory()) / f"{name}.lmdb"
        self._max_bytes, self._busy_s, self._clock = _bound(self._path.parent, max_bytes), busy_s, clock or SystemClock()
        self._here = threading.Lock()  # several event loops of one process may share the store
        self._table: Table | None = None
        self._gate, self._file, self._looked_s = 0, (0, 0), 0.0
        self._stuck = False  # whether the last one that waited for the lock waited in vain
        self._prepare()
        _all.add(self)

    def _prepare(self) -> None:
        """Make the file, so that a wrong place is known at startup. Keeps nothing open."""
        end_s = time.monotonic() + _START_S
        try:
            while self.at_once([Drop("")]) is None:  # others start at the same moment
                need(time.monotonic() < end_s, "Shared.name", str(self._path), "another process holds its lock and does not go on: end it")
                time.sleep(_MAX_PAUSE_S)
        except StoreError as failure:
            raise ConfigError("Shared.name", str(self._path), f"{failure}; remove the file, and a new one is made") from failure
        self._leave()

    def at_once(self, ops: list[Op]) -> list[Reply] | None:
        """Do all `ops`, all or none; or nothing, where another process or another thread is writing. Never waits."""
        if not self._here.acquire(blocking=False):
            return None
        try:
            return self._answers(ops)
        except (Failure, OSError) as failure:
            self._leave()  # the next one begins anew
            raise StoreError(f"Shared: {failure}") from failure
        finally:
            self._here.release()

    async def batch(self, ops: list[Op]) -> list[Reply]:
        """Do all `ops`, all or none. Where it must wait, the event loop goes on."""
        pause_s, waited_s = _FIRST_PAUSE_S, 0.0
        while (replies := self.at_once(ops)) is None:
            if self._stuck or waited_s >= self._busy_s:
                self._stuck = True
                raise StoreError("Shared: another process holds the lock, and does not go on")
            part_s = pause_s * random.uniform(0.5, 1.0)  # noqa: S311  # so that waiting workers do not march in step
            await asyncio.sleep(part_s)
            waited_s += part_s
            pause_s = min(2 * pause_s, _MAX_PAUSE_S)
        self._stuck = False
        return replies

    async def close(self) -> None:
        with self._here:
            self._leave()

    def _answers(self, ops: list[Op]) -> list[Reply] | None:
        table = self._table
        if table is None or time.monotonic() - self._looked_s > _LOOK_S:
            table = self._opened()
            if table is None:
                return None
        now_s = self._clock.now()
        for op in ops:
            if type(op) is not Get:
                return self._written(table, ops, now_s)
        return table.read(ops, now_s)

    def _written(self, table: Table, ops: list[Op], now_s: float) -> list[Reply] | None:
        if not _taken(self._gate):
            return None
        try:
            replies = table.write(ops, now_s)
        finally:
            fcntl.flock(self._gate, fcntl.LOCK_UN)
        if replies is None:
            raise StoreError(f"Shared: full: {self._max_bytes} bytes are kept")
        return replies

    def _opened(self) -> Table | None:
        """The file that is there now, opened by this process; None where another one has the lock."""
        self._looked_s = time.monotonic()
        if self._table is not None and _identity(self._path) == self._file:
            return self._table
        self._leave()
        gate = os.open(self._path.with_suffix(".gate"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if not _taken(gate):
            os.close(gate)
            return None
        try:
            self._table = Table(self._path, self._max_bytes)
            self._gate, self._file = gate, _identity(self._path)
        finally:
            fcntl.flock(gate, fcntl.LOCK_UN)
            if self._table is None:
                os.close(gate)
        return self._table

    def _leave(self) -> None:
        if self._table is not None:
            self._table.close()
            os.close(self._gate)
        self._table = None

    # A child that closed what it inherited would take the reader's place from its parent. So nothing is open while a process forks.
    def before_fork(self) -> None:
        self._here.acquire()
        self._leave()

    def forked(self, *, child: bool) -> None:
        if child:
            self._here = threading.Lock()
        else:
            self._here.release()


_all: WeakSet[Shared] = WeakSet()
_forking: list[Shared] = []


def _before_fork() -> None:
    _forking.extend(_all)
    for store in _forking:
        store.before_fork()


def _forked(*, child: bool) -> None:
    while _forking:
        _forking.pop().forked(child=child)


os.register_at_fork(before=_before_fork, after_in_parent=partial(_forked, child=False), after_in_child=partial(_forked, child=True))


def _taken(gate: int) -> bool:
    """Whether the lock is ours now. The kernel gives it back when its holder dies; it is nobody's who merely inherited it."""
    try:
        fcntl.flock(gate, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _identity(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_dev, found.st_ino


def _memory() -> Path:
    return Path(_MEMORY if Path(_MEMORY).is_dir() else tempfile.gettempdir())


def _own_folder(parent: Path) -> Path:
    """The folder of this user alone: everybody may make one in shared memory, and name it as ours is named."""
    folder = parent / f"buckler-{os.geteuid()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError as failure:
        raise ConfigError("Shared.folder", str(parent), f"{failure.strerror}; give a folder that this user may write to") from failure
    alone = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077
    need(alone, "Shared.folder", str(folder), "it must be a folder of this user's that nobody else may enter (0700)")
    return folder


def _bound(folder: Path, max_bytes: int | None) -> int:
    """How much may be kept: no more than there is place for."""
    found = os.statvfs(folder)
    place_bytes = found.f_frsize * found.f_blocks
    if max_bytes is None:
        return min(_MAX_BYTES, place_bytes // 4)
    need(
        isinstance(max_bytes, int) and 1 << 16 <= max_bytes <= place_bytes,
        "Shared.max_bytes",
        max_bytes,
        f"give 65536 to {place_bytes} bytes",
    )
    return max_bytes
