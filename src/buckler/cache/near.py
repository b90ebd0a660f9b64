"""The near level: what this process has at hand, bounded by count and by bytes; what was used longest ago makes room."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from buckler.cache.kept import Kept

T = TypeVar("T")

ENTRY_BYTES = 600  # measured: an entry's own objects and its place in the dictionary, beside key and thing


class Entry(NamedTuple, Generic[T]):
    """`sure_s`: until when, by the clock that never steps back, it may be handed out without asking the store again."""

    kept: Kept[T]
    sure_s: float
    tags: tuple[tuple[str, bytes], ...]
    size_bytes: int


class Near(Generic[T]):
    """Entries by key. Several threads may use it."""

    __slots__ = ("_entries", "_lock", "_max_bytes", "_max_entries", "used_bytes")

    def __init__(self, max_entries: int, max_bytes: int) -> None:
        self._entries: OrderedDict[str, Entry[T]] = OrderedDict()
        self._lock = threading.Lock()
        self._max_entries, self._max_bytes = max_entries, max_bytes
        self.used_bytes = 0

    def get(self, key: str) -> Entry[T] | None:
        """Return the entry, and make it the youngest."""
        entry = self._entries.get(key)
        if entry is not None:
            try:
                self._entries.move_to_end(key)
            except KeyError:  # another thread has just dropped it
                return None
        return entry

    def put(self, key: str, entry: Entry[T]) -> None:
        """Keep the entry; where it alone is more than an eighth of all bytes, keep nothing under this key."""
        with self._lock:
            self._drop(key)
            if entry.size_bytes * 8 > self._max_bytes:
                return
            self._entries[key] = entry
            self.used_bytes += entry.size_bytes
            while len(self._entries) > self._max_entries or self.used_bytes > self._max_bytes:
                _, oldest = self._entries.popitem(last=False)
                self.used_bytes -= oldest.size_bytes

    def drop(self, key: str) -> None:
        with self._lock:
            self._drop(key)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            self.used_bytes = 0

    def _drop(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self.used_bytes -= entry.size_bytes

    def __len__(self) -> int:
        return len(self._entries)
