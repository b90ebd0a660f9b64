"""State of all worker processes of one machine, in one file. Nothing to install, nothing to start: `sqlite3` comes with Python.

Measured (SQLite 3.40, one busy machine): a read costs 6 µs and a write 15 µs where it stands, 140 µs through a thread. So batches run in
place, on the event loop, and never wait there: when another process holds the write lock, the task sleeps and asks again, and the loop
goes on. What would take milliseconds, moving the log into the file and sweeping out what has expired, is done by a thread.
"""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from buckler.core.clock import Clock, SystemClock
from buckler.core.options import need, need_positive
from buckler.core.store import Able, Add, Drop, Get, Op, Put, Reach, Replace, Reply, Take, Taken, gcra
from buckler.errors import ConfigError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

_SCHEMA = """
CREATE TABLE IF NOT EXISTS kept (key TEXT PRIMARY KEY, value BLOB NOT NULL, until_s REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS kept_until ON kept (until_s);
CREATE TABLE IF NOT EXISTS quota (key TEXT PRIMARY KEY, due_s REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS quota_due ON quota (due_s);
"""
_JOURNAL = "PRAGMA journal_mode = WAL"
_GET = "SELECT value FROM kept WHERE key = ? AND until_s > ?"
_PUT = "INSERT INTO kept VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value, until_s = excluded.until_s"
_REPLACE = "UPDATE kept SET value = ?, until_s = ? WHERE key = ? AND until_s > ?"
_DROP = "DELETE FROM kept WHERE key = ? AND until_s > ?"
_DUE = "SELECT due_s FROM quota WHERE key = ?"
_TAKE = "INSERT INTO quota VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET due_s = excluded.due_s"
_SWEEP = (
    "DELETE FROM kept WHERE key IN (SELECT key FROM kept WHERE until_s <= ? LIMIT ?)",
    "DELETE FROM quota WHERE key IN (SELECT key FROM quota WHERE due_s <= ? LIMIT ?)",  # whole again: nothing is lost
)

_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_FIRST_PAUSE_S, _MAX_PAUSE_S = 0.0005, 0.02  # a writer holds the lock for some 15 µs
_START_S = 20.0  # a machine that starts many workers at once is slow
_TIDY_WRITES, _SWEPT_AT_ONCE = 1000, 2000  # SQLite's own checkpoint comes after 1000 pages; a sweep holds the lock for milliseconds
_inherited: list[sqlite3.Connection] = []  # of a parent process: neither used nor closed here, for both would break its locks


class SQLite:
    """Keeps everything in the file `path`, on a local disk, readable by its owner alone (0600).

    `max_bytes` bounds the file. `busy_s`: seconds after which a batch that cannot get the write lock raises `StoreError`. Raises
    `ConfigError` when the file cannot be used. Safe to make before worker processes are forked.
    """

    able = Able(Reach.MACHINE)

    def __init__(self, path: str | Path, *, max_bytes: int = 1 << 30, busy_s: float = 2.0, clock: Clock | None = None) -> None:
        need_positive(self, max_bytes=max_bytes, busy_s=busy_s)
        need(str(path) not in {"", ":memory:"}, "SQLite.path", path, "name a file; for state in memory use Memory()")
        self._path, self._max_bytes, self._busy_s, self._clock = Path(path).absolute(), max_bytes, busy_s, clock or SystemClock()
        self._connection: sqlite3.Connection | None = None
        self._pid = 0
        self._lock = threading.Lock()  # several event loops of one process may share the store
        self._writes = 0
        self._tidying = threading.Thread()
        self._do: dict[type, Callable[..., Reply]] = {Get: _get, Put: _put, Add: _add, Replace: _replace, Drop: _drop}
        self._prepare()

    def _prepare(self) -> None:
        """Make the file and its tables, so that a wrong place is known at startup. Keeps nothing open: a fork may follow."""
        try:
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            self._path.chmod(0o600)
        except OSError as failure:
            fix = f"{failure.strerror}; give a file in a folder that exists and that this user may write to"
            raise ConfigError("SQLite.path", str(self._path), fix) from failure
        try:
            with closing(self._connect(wait_s=_START_S)) as connection:  # other workers start at the same moment
                mode = _write_ahead(connection)
                connection.executescript(_SCHEMA)
        except sqlite3.Error as failure:
            raise ConfigError("SQLite.path", str(self._path), f"{failure}; move the file away, and a new one is made") from failure
        need(mode == "wal", "SQLite.path", str(self._path), "put the file on a local disk: this one cannot share memory between processes")

    def _connect(self, *, wait_s: float = 0.0) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=wait_s, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA synchronous = NORMAL")  # survives a crash of the process; a power cut may cost the last moments
            connection.execute("PRAGMA wal_autocheckpoint = 0")
            (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
            connection.execute(f"PRAGMA max_page_count = {max(1, self._max_bytes // page_bytes)}")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def at_once(self, ops: list[Op]) -> list[Reply] | None:
        """Do all `ops` in one transaction, or nothing where another process holds the write lock."""
        try:
            return self._transact(ops)
        except sqlite3.Error as failure:
            if _code(failure) in _BUSY:
                return None
            raise StoreError(f"SQLite: {failure}") from failure

    async def batch(self, ops: list[Op]) -> list[Reply]:
        """Do all `ops` in one transaction. Never holds the event loop for longer than the transaction itself."""
        pause_s, waited_s = _FIRST_PAUSE_S, 0.0
        while True:
            try:
                return self._transact(ops)
            except sqlite3.Error as failure:
                if _code(failure) not in _BUSY or waited_s >= self._busy_s:
                    raise StoreError(f"SQLite: {failure}") from failure
            part_s = pause_s * random.uniform(0.5, 1.0)  # noqa: S311  # so that waiting workers do not march in step
            await asyncio.sleep(part_s)
            waited_s += part_s
            pause_s = min(2 * pause_s, _MAX_PAUSE_S)

    def _transact(self, ops: list[Op]) -> list[Reply]:
        now_s = self._clock.now()
        writes = any(type(op) is not Get for op in ops)
        with self._lock:
            connection = self._open()
            connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
            try:
                replies = self._answers(connection, ops, now_s)
                connection.execute("COMMIT")
            except sqlite3.Error as failure:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                if _code(failure) == sqlite3.SQLITE_FULL:
                    self._tidy_soon()
                raise
            self._writes += writes
            if self._writes >= _TIDY_WRITES:
                self._tidy_soon()
        return replies

    def _answers(self, connection: sqlite3.Connection, ops: list[Op], now_s: float) -> list[Reply]:
        replies: list[Reply] = []
        before = True
        for op in ops:
            if type(op) is Take:
                taken = _take(connection, op, now_s, before=before)
                before = taken.allowed
                replies.append(taken)
            else:
                replies.append(self._do[type(op)](connection, op, now_s))
        return replies

    def _open(self) -> sqlite3.Connection:
        """The connection of this process: one that came over a fork is left alone."""
        self._leave_inherited()
        if self._connection is None:
            self._connection, self._pid = self._connect(), os.getpid()
        return self._connection

    def _leave_inherited(self) -> None:
        if self._connection is not None and self._pid != os.getpid():
            _inherited.append(self._connection)  # dropped, the collector would close it
            self._connection = None

    def _tidy_soon(self) -> None:
        if not self._tidying.is_alive():
            self._writes = 0
            self._tidying = threading.Thread(target=self._tidy, name="buckler-sqlite-tidy", daemon=True)
            self._tidying.start()

    def _tidy(self) -> None:
        """Sweep out what has expired, a bounded number at once, and move the log into the file. In a thread, on its own connection."""
        try:
            with closing(self._connect()) as connection:
                for sweep in _SWEEP:
                    connection.execute(sweep, (self._clock.now(), _SWEPT_AT_ONCE))
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        except sqlite3.Error:
            return  # busy: the next thousand writes bring the next try; anything worse meets the next batch as well

    async def close(self) -> None:
        """Give the file back; the last process to do so folds the log into it."""
        if self._tidying.is_alive():
            self._tidying.join()  # milliseconds
        with self._lock:
            self._leave_inherited()
            if self._connection is not None:
                self._connection.close()
            self._connection = None


def _write_ahead(connection: sqlite3.Connection) -> str:
    """Switch to the write-ahead log and return the mode that the file has now.

    Workers that start together all try it. SQLite does not wait for the lock here, whatever the connection's timeout says: two that hold
    a read lock and both want more would wait for ever. So the loser asks again, and finds the work done.
    """
    end_s = time.monotonic() + _START_S
    while True:
        try:
            (mode,) = connection.execute(_JOURNAL).fetchone()
        except sqlite3.OperationalError as failure:
            if _code(failure) not in _BUSY or time.monotonic() >= end_s:
                raise
            time.sleep(_MAX_PAUSE_S * random.uniform(0.5, 1.0))  # noqa: S311  # at startup only, before any event loop
        else:
            return str(mode)


def _code(failure: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 where Python's module found the fault itself."""
    return getattr(failure, "sqlite_errorcode", 0) & 0xFF


def _name(key: str) -> str | bytes:
    """The key as SQLite takes it: text that is no Unicode (a lone surrogate, in what a client sent) is not text there."""
    return key if key.isascii() else key.encode("utf-8", "surrogatepass")


def _get(connection: sqlite3.Connection, op: Get, now_s: float) -> bytes | None:
    row = connection.execute(_GET, (_name(op.key), now_s)).fetchone()
    return None if row is None else row[0]


def _put(connection: sqlite3.Connection, op: Put, now_s: float) -> None:
    connection.execute(_PUT, (_name(op.key), op.value, now_s + op.ttl_s))


def _add(connection: sqlite3.Connection, op: Add, now_s: float) -> bool:
    if _get(connection, Get(op.key), now_s) is not None:
        return False
    connection.execute(_PUT, (_name(op.key), op.value, now_s + op.ttl_s))
    return True


def _replace(connection: sqlite3.Connection, op: Replace, now_s: float) -> bool:
    return connection.execute(_REPLACE, (op.value, now_s + op.ttl_s, _name(op.key), now_s)).rowcount > 0


def _drop(connection: sqlite3.Connection, op: Drop, now_s: float) -> bool:
    return connection.execute(_DROP, (_name(op.key), now_s)).rowcount > 0


def _take(connection: sqlite3.Connection, op: Take, now_s: float, *, before: bool) -> Taken:
    name = _name(op.key)
    row = connection.execute(_DUE, (name,)).fetchone()
    known_s = row[0] if row else 0.0
    due_s, taken = gcra(known_s, now_s, op, before=before)
    if due_s != known_s:
        connection.execute(_TAKE, (name, due_s))
    return taken
