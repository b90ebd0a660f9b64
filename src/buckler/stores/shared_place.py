"""Where `Shared` keeps its file, who may open it, and who may write now: one lock, which is only ever tried.

Whatever in a process says the same name has one place: LMDB's locks are those of a process, so the file must be open once in each.
"""

from __future__ import annotations

import fcntl
import os
import stat
import threading
import time
from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from buckler.core.options import need
from buckler.core.store import Get
from buckler.errors import ConfigError, StoreError
from buckler.stores.shared_table import Failure, Table

if TYPE_CHECKING:
    from pathlib import Path

    from buckler.core.clock import Clock
    from buckler.core.store import Op, Reply

_LOOK_S = 1.0  # how often it is asked whether the file is still there: systemd removes those of users who are gone


class Place:
    """The file at `path`. It is opened when it is first used, and again by each process, after each fork, and when there is another one."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        self.path, self.max_bytes = path, max_bytes
        self.users = 0
        self.stuck = False  # whether the last one that waited for the lock waited in vain
        self._here = threading.Lock()  # several event loops of one process may share it
        self._table: Table | None = None
        self._gate, self._file, self._looked_s = 0, (0, 0), 0.0

    def at_once(self, ops: list[Op], clock: Clock) -> list[Reply] | None:
        """Do all `ops`, all or none; or nothing, where another process or another thread is writing. Never waits. Raises `StoreError`."""
        if not self._here.acquire(blocking=False):
            return None
        try:
            return self._answers(ops, clock)
        except (Failure, OSError) as failure:
            self._close()  # the next one begins anew
            raise StoreError(f"Shared: {failure}") from failure
        finally:
            self._here.release()

    def leave(self) -> None:
        """Close the file, where nobody here uses it any more."""
        with self._here:
            if not self.users:
                self._close()

    def _answers(self, ops: list[Op], clock: Clock) -> list[Reply] | None:
        table = self._table
        if table is None or time.monotonic() - self._looked_s > _LOOK_S:
            table = self._opened()
            if table is None:
                return None
        for op in ops:
            if type(op) is not Get:
                return self._written(table, ops, clock)
        return table.read(ops, clock.now())

    def _written(self, table: Table, ops: list[Op], clock: Clock) -> list[Reply] | None:
        if not _taken(self._gate):
            return None
        self.stuck = False
        try:
            replies = table.write(ops, clock.now())
        finally:
            fcntl.flock(self._gate, fcntl.LOCK_UN)
        if replies is None:
            raise StoreError(f"Shared: full: {self.max_bytes} bytes are kept")
        return replies

    def _opened(self) -> Table | None:
        """The file that is there now, open; None where another process has the lock."""
        self._looked_s = time.monotonic()
        if self._table is not None and _identity(self.path) == self._file:
            return self._table
        self._close()
        gate = os.open(self.path.with_suffix(".gate"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if _taken(gate):
                self._table = Table(self.path, self.max_bytes)
                self._gate, self._file = gate, _identity(self.path)
                fcntl.flock(gate, fcntl.LOCK_UN)
        finally:
            if self._table is None:
                os.close(gate)  # and with it the lock
        return self._table

    def _close(self) -> None:
        if self._table is not None:
            self._table.close()
            os.close(self._gate)
        self._table = None

    # A child that closed what it inherited would take the reader's place from its parent. So nothing is open while a process forks.
    def before_fork(self) -> None:
        self._here.acquire()
        self._close()

    def forked(self, *, child: bool) -> None:
        if child:
            self._here = threading.Lock()
        else:
            self._here.release()


_places: WeakValueDictionary[Path, Place] = WeakValueDictionary()
_forking: list[Place] = []


def place(path: Path, max_bytes: int) -> Place:
    """Return the place of `path`. Raises `ConfigError` where this process has given it another size already."""
    found = _places.get(path)
    if found is None:
        found = _places[path] = Place(path, max_bytes)
    need(
        found.max_bytes == max_bytes,
        "Shared.max_bytes",
        max_bytes,
        f"this process has given {found.max_bytes} to the same name; say one of the two",
    )
    return found


def _before_fork() -> None:
    _forking.extend(_places.values())
    for one in _forking:
        one.before_fork()


def _forked(*, child: bool) -> None:
    while _forking:
        _forking.pop().forked(child=child)


os.register_at_fork(before=_before_fork, after_in_parent=partial(_forked, child=False), after_in_child=partial(_forked, child=True))


def own_folder(parent: Path) -> Path:
    """Return the folder of this user alone. Everybody may make one in shared memory, and name it as ours is named: `ConfigError`."""
    folder = parent / f"buckler-{os.geteuid()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError as failure:
        raise ConfigError("Shared.folder", str(parent), f"{failure.strerror}; give a folder that this user may write to") from failure
    alone = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077
    need(alone, "Shared.folder", str(folder), "it must be a folder of this user's that nobody else may enter (0700)")
    return folder


def _taken(gate: int) -> bool:
    """Whether the lock is ours now. The kernel gives it back when its holder dies."""
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
