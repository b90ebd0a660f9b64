"""Ways in which the worker processes of one machine can share state without a server. Each answers `at_once(ops)`: replies, or None where
another process has the lock. What is not chosen is as much as the measurement needs: no sweeping, no errors that say what to do."""

from __future__ import annotations

import fcntl
import mmap
import os
import sqlite3
import struct
import zlib
from contextlib import closing, contextmanager
from functools import partial
from time import time
from typing import TYPE_CHECKING, NamedTuple

import lmdb

from buckler.core.store import Get, Op, Put, Reply, Take, gcra
from buckler.stores.shared import Shared
from buckler.stores.sqlite import SQLite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from buckler.core.store import Quick

_BYTES = 1 << 28


class Mechanism(NamedTuple):
    title: str
    folder: str  # of what kind: on a disk, or in memory
    make: Callable[[Path], Quick]


class Journalled(SQLite):
    """SQLite with a rollback journal in memory: whoever reads keeps the writer out, but nobody ever waits inside of SQLite."""

    def _prepare(self) -> None:
        with closing(self._connect(wait_s=20)) as connection:
            connection.executescript(
                "CREATE TABLE IF NOT EXISTS kept (key TEXT PRIMARY KEY, value BLOB NOT NULL, until_s REAL NOT NULL) WITHOUT ROWID;"
                "CREATE TABLE IF NOT EXISTS quota (key TEXT PRIMARY KEY, due_s REAL NOT NULL) WITHOUT ROWID;"
            )

    def _connect(self, *, wait_s: float = 0.0) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=wait_s, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = PERSIST")
        connection.execute("PRAGMA synchronous = OFF")
        return connection


class Lmdb:
    """LMDB as it comes, with its own locks, which can only be waited for."""

    def __init__(self, path: Path, *, writemap: bool = False) -> None:
        self._path, self._writemap = path, writemap
        self._environment: lmdb.Environment | None = None

    def _open(self) -> lmdb.Environment:
        if self._environment is None:
            self._environment = lmdb.open(str(self._path), subdir=False, map_size=_BYTES, sync=False, max_dbs=2, writemap=self._writemap)
            self._kept, self._quota = self._environment.open_db(b"kept"), self._environment.open_db(b"quota")
        return self._environment

    def at_once(self, ops: list[Op]) -> list[Reply] | None:
        environment, now_s = self._open(), time()
        if not any(type(op) is not Get for op in ops):
            with environment.begin(db=self._kept) as reading:
                return [self._get(reading, op.key, now_s) for op in ops]
        with environment.begin(write=True) as writing:
            return [self._do(writing, op, now_s) for op in ops]

    async def batch(self, ops: list[Op]) -> list[Reply]:
        return self.at_once(ops) or []

    async def close(self) -> None:
        if self._environment is not None:
            self._environment.close()
        self._environment = None

    def _get(self, inside: lmdb.Transaction, key: str, now_s: float) -> bytes | None:
        found = inside.get(key.encode(), db=self._kept)
        return bytes(found[8:]) if found is not None and _F8.unpack_from(found)[0] > now_s else None

    def _do(self, writing: lmdb.Transaction, op: Op, now_s: float) -> Reply:
        name = op.key.encode()
        if isinstance(op, Take):
            found = writing.get(name, db=self._quota)
            due_s, taken = gcra(_F8.unpack(found)[0] if found else 0.0, now_s, op)
            writing.put(name, _F8.pack(due_s), db=self._quota)
            return taken
        if isinstance(op, Put):
            writing.put(name, _F8.pack(now_s + op.ttl_s) + op.value, db=self._kept)
            return None
        if isinstance(op, Get):
            return self._get(writing, op.key, now_s)
        raise ValueError(op)


_F8 = struct.Struct("=d")
_SHARDS, _SLOTS, _SLOT_BYTES = 256, 512, 512
_SLOT = struct.Struct("=16sdH")  # key, until, length
_FLOCK = struct.Struct("hhqqi4x")  # struct flock


class Table:
    """A table in shared memory, in plain Python: a lock for each part, slots of one size. What it leaves out: longer values, and the
    repair of a part whose writer was killed halfway. So its figures are those that a real one could not reach."""

    def __init__(self, path: Path) -> None:
        self._path, self._pid = path, 0

    def _open(self) -> None:
        if self._pid == os.getpid():
            return
        self._file, self._pid = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), os.getpid()
        os.ftruncate(self._file, _SHARDS * _SLOTS * _SLOT_BYTES)
        self._memory = mmap.mmap(self._file, 0)

    def at_once(self, ops: list[Op]) -> list[Reply] | None:
        self._open()
        now_s = time()
        digests = [zlib.crc32(op.key.encode()) for op in ops]
        shards = sorted({digest % _SHARDS for digest in digests})
        with self._locked(shards) as got:
            return [self._do(op, digest, now_s) for op, digest in zip(ops, digests, strict=True)] if got else None

    @contextmanager
    def _locked(self, shards: list[int]) -> Iterator[bool]:
        held = []
        try:
            for shard in shards:
                fcntl.fcntl(self._file, fcntl.F_OFD_SETLK, _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, shard, 1, 0))
                held.append(shard)
            yield True
        except BlockingIOError:
            yield False
        finally:
            for shard in held:
                fcntl.fcntl(self._file, fcntl.F_OFD_SETLK, _FLOCK.pack(fcntl.F_UNLCK, os.SEEK_SET, shard, 1, 0))

    async def batch(self, ops: list[Op]) -> list[Reply]:
        return self.at_once(ops) or []

    async def close(self) -> None:
        return

    def _slot(self, key: bytes, digest: int, now_s: float) -> tuple[int, bool]:
        shard, first = digest % _SHARDS, digest // _SHARDS
        free = -1
        for step in range(16):
            at = (shard * _SLOTS + (first + step) % _SLOTS) * _SLOT_BYTES
            name, until_s, _ = _SLOT.unpack_from(self._memory, at)
            if name == key and until_s > now_s:
                return at, True
            if until_s <= now_s and free < 0:
                free = at
        return free, False

    def _do(self, op: Op, digest: int, now_s: float) -> Reply:
        key = op.key.encode()[:16].ljust(16, b"\0")
        at, known = self._slot(key, digest, now_s)
        memory = self._memory
        if isinstance(op, Get):
            _, _, length = _SLOT.unpack_from(memory, at)
            return memory[at + _SLOT.size : at + _SLOT.size + length] if known else None
        if isinstance(op, Take):
            due_s, taken = gcra(_SLOT.unpack_from(memory, at)[1] if known else 0.0, now_s, op)
            _SLOT.pack_into(memory, at, key, due_s, 0)
            return taken
        if isinstance(op, Put):
            memory[at + _SLOT.size : at + _SLOT.size + len(op.value)] = op.value
            _SLOT.pack_into(memory, at, key, now_s + op.ttl_s, len(op.value))
            return None
        raise ValueError(op)


def _sqlite(path: Path) -> SQLite:
    return SQLite(path)


def _shared(path: Path) -> Shared:
    return Shared(path.name, folder=path.parent)


MECHANISMS = (
    Mechanism("SQLite, write-ahead log, disk", "disk", _sqlite),
    Mechanism("SQLite, write-ahead log, memory", "memory", _sqlite),
    Mechanism("SQLite, rollback journal, memory", "memory", Journalled),
    Mechanism("LMDB with its own locks", "memory", Lmdb),
    Mechanism("the same, written through its map (`writemap`)", "memory", partial(Lmdb, writemap=True)),
    Mechanism("LMDB behind a lock that is tried: `Shared`", "memory", _shared),
    Mechanism("table in shared memory, Python", "memory", Table),
)
