"""What `Shared` keeps, in LMDB. Whoever opens or writes holds the lock of `Shared`: LMDB's own locks are then never waited for."""

from __future__ import annotations

import struct
from hashlib import blake2b
from typing import TYPE_CHECKING

from buckler.core.store import Add, Drop, Get, Op, Put, Replace, Reply, Take, gcra
from buckler.errors import MissingExtraError

try:
    import lmdb
except ImportError as failure:
    raise MissingExtraError("the store Shared", "shared") from failure

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lmdb import Transaction, _Database

Failure = lmdb.Error

_LONGEST_KEY_BYTES = 500  # LMDB's own limit is 511
_UNTIL = struct.Struct("=d")  # before each value: when it expires; a quota is nothing else
_SWEEP_WRITES, _SWEEP_BYTES = 64, 1 << 16  # a sweep costs some 0.1 ms
_SWEPT = 4  # entries that it looks at for each one written since: so of four entries, one at most has expired


class Table:
    """An open file. `max_bytes` bounds what is kept; the file may grow to twice that, while old pages wait for readers."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        # Deliberately not `writemap`, which is twice as fast: where shared memory is full, writing to a map ends the process.
        # A spare transaction keeps the reader's place: without one, every read takes a lock that a stopped process may hold.
        self._environment = lmdb.open(
            str(path), map_size=2 * max_bytes, subdir=False, mode=0o600, sync=False, max_readers=1024, max_dbs=2, max_spare_txns=1
        )
        self._max_bytes = max_bytes
        self._environment.reader_check()
        self._kept, self._quota = self._environment.open_db(b"kept"), self._environment.open_db(b"quota")
        self._next = {self._kept: b"", self._quota: b""}  # where the next sweep begins
        self._writes, self._bytes = _SWEEP_WRITES, 0  # since the last sweep; begins with one
        self._full = False
        self._do: dict[type, Callable[..., Reply]] = {
            Get: self._get,
            Put: self._put,
            Add: self._add,
            Replace: self._replace,
            Drop: self._drop,
        }
        self.read([Get("")], 0.0)  # takes the reader's place

    def close(self) -> None:
        """Close it. Over a fork, LMDB's binding knows, and leaves the places of the parent alone."""
        self._environment.close()

    def read(self, ops: list[Op], now_s: float) -> list[Reply]:
        """Answer `ops`, all of them Gets, as of one moment. Waits for nobody."""
        with self._environment.begin(db=self._kept) as reading:
            return [self._get(reading, _name(op.key), op, now_s) for op in ops]

    def write(self, ops: list[Op], now_s: float) -> list[Reply] | None:
        """Do all `ops`, or none; None where it is full. The caller holds the lock."""
        if self._full or self._writes >= _SWEEP_WRITES or self._bytes >= _SWEEP_BYTES:
            self._sweep(now_s)
        if self._full and any(type(op) not in {Get, Drop} for op in ops):
            return None
        self._writes += len(ops)
        with self._environment.begin(db=self._kept, write=True) as writing:
            return self._answers(writing, ops, now_s)

    def _answers(self, writing: Transaction[bytes], ops: list[Op], now_s: float) -> list[Reply]:
        replies: list[Reply] = []
        before = True
        for op in ops:
            name = _name(op.key)
            if type(op) is Take:
                found = writing.get(name, db=self._quota)
                known_s = _UNTIL.unpack(found)[0] if found else 0.0
                due_s, taken = gcra(known_s, now_s, op, before=before)
                before = taken.allowed
                if due_s != known_s:
                    writing.put(name, _UNTIL.pack(due_s), db=self._quota)
                replies.append(taken)
            else:
                replies.append(self._do[type(op)](writing, name, op, now_s))
        return replies

    def _get(self, inside: Transaction[bytes], name: bytes, _: Op, now_s: float) -> bytes | None:
        found = inside.get(name)
        return found[_UNTIL.size :] if found is not None and _UNTIL.unpack_from(found)[0] > now_s else None

    def _put(self, writing: Transaction[bytes], name: bytes, op: Put | Add | Replace, now_s: float) -> None:
        self._bytes += len(op.value)
        writing.put(name, _UNTIL.pack(now_s + op.ttl_s) + op.value)

    def _add(self, writing: Transaction[bytes], name: bytes, op: Add, now_s: float) -> bool:
        if self._get(writing, name, op, now_s) is not None:
            return False
        self._put(writing, name, op, now_s)
        return True

    def _replace(self, writing: Transaction[bytes], name: bytes, op: Replace, now_s: float) -> bool:
        if self._get(writing, name, op, now_s) is None:
            return False
        self._put(writing, name, op, now_s)
        return True

    def _drop(self, writing: Transaction[bytes], name: bytes, op: Drop, now_s: float) -> bool:
        there = self._get(writing, name, op, now_s) is not None
        return writing.delete(name) and there

    def _sweep(self, now_s: float) -> None:
        """Drop what has expired among the next few entries, and see how much is kept. Deliberately not in a thread, which would hold the
        lock of all processes while it waits for the interpreter's."""
        many = _SWEPT * max(self._writes, _SWEEP_WRITES)
        self._writes = self._bytes = pages = 0
        self._environment.reader_check()  # those that were killed would keep old pages for ever
        with self._environment.begin(write=True) as writing:
            for part in self._next:
                self._next[part] = _swept(writing, part, self._next[part], many, now_s)
                found = writing.stat(part)
                pages += found["branch_pages"] + found["leaf_pages"] + found["overflow_pages"]
        self._full = pages * found["psize"] >= self._max_bytes


def _swept(writing: Transaction[bytes], part: _Database, begin: bytes, many: int, now_s: float) -> bytes:
    """Drop what has expired among the `many` entries that follow `begin`; return where to go on."""
    with writing.cursor(part) as cursor:
        there = cursor.set_range(begin) if begin else cursor.first()
        for _ in range(many):
            if not there:
                return b""
            # A deletion moves on to the next entry by itself; a quota that is whole again is worth nothing.
            there = cursor.delete() and bool(cursor.key()) if _UNTIL.unpack_from(cursor.value())[0] <= now_s else cursor.next()
        return cursor.key()


def _name(key: str) -> bytes:
    """The key as LMDB takes it: never empty, never too long, never the same for two."""
    plain = key.encode("utf-8", "surrogatepass")
    return b"=" + plain if len(plain) <= _LONGEST_KEY_BYTES else b"#" + blake2b(plain).digest()
