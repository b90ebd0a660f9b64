"""A shelf: things by key, in this process and, where there is a store, for all of them. With tags, and bounded.

What another process drops or purges is seen here within `near_s`; what this one does, at once. A shelf fails soft when it is read or
filled: a store that does not answer has nothing (an Event). It fails hard when something is dropped or purged: who calls must know that
the others have not heard of it.
"""

from __future__ import annotations

import copy
import math
import os
import secrets
from typing import TYPE_CHECKING, Generic, TypeVar

from buckler.cache.far import Far
from buckler.cache.flights import Flights
from buckler.cache.kept import Dropped, Kept, Record, dropped_by_another, read, write, write_dropped
from buckler.cache.near import ENTRY_BYTES, Entry, Near
from buckler.cache.tags import Asking, Drops, Moment, Tags, new_version
from buckler.core.clock import Clock, SystemClock
from buckler.core.event import Events
from buckler.core.options import need, need_positive
from buckler.core.store import Add, Get, Op, Put, Reach, able
from buckler.errors import BusyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from buckler.core.store import Reply, Store

T = TypeVar("T")

_ASKED_S = 60.0  # stores have deadlines of their own, and sooner ones
_SKEW_S = 0.5  # machines that keep their clocks by NTP differ by some milliseconds; one machine has one clock


class Shelf(Generic[T]):
    """Two levels of things under `space`, a constant that no other shelf of the store has.

    `encode` and `decode` write a thing down and read it again (`decode` raises ValueError for what is not its own); `size` says how many
    bytes it takes up here, without it the length of what `encode` returns. Without a `store` there is the near level alone, and `size`
    or `encode` is needed. `drop_s`: for how long the store remembers that a key was dropped, so that a process that is just making the
    old thing does not put it back: more than the longest making takes.
    """

    def __init__(  # noqa: PLR0913  # one keyword for each bound
        self,
        space: str,
        store: Store | None = None,
        *,
        encode: Callable[[T], bytes] | None = None,
        decode: Callable[[bytes], T] | None = None,
        size: Callable[[T], int] | None = None,
        max_entries: int = 10_000,
        max_bytes: int = 64 << 20,
        max_tags: int = 20_000,
        near_s: float = 1.0,
        drop_s: float = 60.0,
        tags_s: float = 30 * 86_400.0,
        clock: Clock | None = None,
        events: Events | None = None,
    ) -> None:
        need_positive(self, max_entries=max_entries, max_bytes=max_bytes, max_tags=max_tags, drop_s=drop_s, tags_s=tags_s)
        need(near_s >= 0, "Shelf.near_s", near_s, "give the seconds for which a purge elsewhere may go unseen; 0 asks the store each time")
        need(size or encode, "Shelf.size", size, "say how large a thing is: the bound in bytes needs it")
        need(store is None or (encode and decode), "Shelf.encode", encode, "give encode and decode: a store keeps bytes")
        self._encode, self._decode, self._size = encode, decode, size
        self._clock = clock or SystemClock()
        self._far = None if store is None else Far(space, store, self._clock, events if events is not None else Events())
        self._near: Near[T] = Near(max_entries, max_bytes)
        self._tags = Tags(max_tags)
        self._drops = Drops()
        self._near_s, self._drop_s, self._tags_s = near_s if store is not None else math.inf, drop_s, tags_s
        self._skew_s = _SKEW_S if store is not None and able(store).reach is Reach.NETWORK else 0.0
        self._gets: Flights | None = None if store is None else Flights(f"{space}.get", max_waiting=100_000, clock=clock)
        self._name = secrets.token_bytes(4)  # of this shelf, among those that drop

    # ---- reading

    def near(self, key: str) -> Kept[T] | None:
        """Return what is at hand in this process, without asking anybody. Costs about a microsecond."""
        entry = self._near.get(key)
        if entry is None or entry.sure_s <= self._clock.monotonic():
            return None
        for name, version in entry.tags:
            if self._tags.version(name) != version:
                return None
        return entry.kept

    async def get(self, key: str, *, tags: Sequence[str] = ()) -> Kept[T] | None:
        """Return what is at hand, or else what the store has. One round trip where `tags` names what the thing is tagged with, or where
        this process has heard of its tags within `near_s`; else two."""
        found = self.near(key)
        if found is not None or self._far is None:
            return found
        asking = self._asking(tags)
        ops: list[Op] = [Get(self._far.key(key)), *self._questions(asking)]
        replies = self._far.now(ops)
        if replies is not None or self._gets is None:
            return await self._found(key, asking, ops, replies)
        try:  # many who miss at once ask once; who has heard of a purge since joins no earlier question
            return await self._gets.once(f"{asking.tick}:{key}", lambda: self._found(key, asking, ops, None), wait_s=_ASKED_S)
        except BusyError:
            return None

    async def _found(self, key: str, asking: Asking, ops: list[Op], replies: list[Reply] | None) -> Kept[T] | None:
        """What the store has, and may be given out."""
        if replies is None and self._far is not None:
            replies = await self._far.asked(ops)
        if replies is None:
            return None
        self._learn(asking, replies[1:])
        record = read(replies[0]) if isinstance(replies[0], bytes) else None
        if not isinstance(record, Record) or not await self._is_current(record):
            return None
        # Dropped here while the answer was under way; or before, and another process has made it of what was true before.
        dropped = self._drops.since(key, asking.tick) or record.began_s < self._drops.last_s(key) + self._skew_s
        return None if dropped else self._taken(key, record, asking.sure_s)

    # ---- filling

    def moment(self) -> Moment:
        """Return what `put` is to be told about a thing whose making begins now."""
        return Moment(self._tags.tick, self._clock.now())

    async def put(  # noqa: PLR0913  # the facts of one thing
        self,
        key: str,
        thing: T,
        *,
        ttl_s: float,
        tags: Sequence[str] = (),
        made_in_s: float = 0.0,
        keep_s: float = 0.0,
        since: Moment | None = None,
        secret: bool = False,
    ) -> bool:
        """Keep `thing`, fresh for `ttl_s` seconds and handed out for `keep_s` more. Returns whether it did: not when its key was dropped,
        or one of its tags purged, `since` its making began (see `moment`). One round trip; two where the store has something under
        `key`, and one more the first time that a tag is heard of.

        `secret`: a store that leaves this machine encrypts it. Raises what `encode` raises.
        """
        need_positive(self, ttl_s=ttl_s)
        since = since or self.moment()
        until_s = (now_s := self._clock.now()) + ttl_s
        body = self._encode(thing) if self._encode else b""
        if self._drops.since(key, since.tick):
            return False
        await self._hear_of(tags)
        versions = [(name, self._tags.began_with(name, since, self._skew_s)) for name in dict.fromkeys(tags)]
        known = tuple((name, version) for name, version in versions if version is not None)
        if len(known) < len(versions):
            return False
        record = Record(now_s, until_s, until_s + keep_s, since.at_s, made_in_s, known, body)
        sure_s = self._clock.monotonic() + self._near_s
        if self._far is not None:
            if not await self._store_it(self._far, key, record, since, secret=secret):
                return False
            if self._drops.since(key, since.tick):  # while the store was asked, which may have got the two in either order
                note = write_dropped(Dropped(self._clock.now(), self._me()))
                await self._far.asked([Put(self._far.key(key), note, self._drop_s)])
                return False
        self._keep_near(key, Kept(thing, now_s, until_s, made_in_s), record, sure_s)
        return True

    async def _store_it(self, far: Far, key: str, record: Record, since: Moment, *, secret: bool) -> bool:
        """Whether the store may have it: not where another process has dropped the key meanwhile."""
        name = far.key(key)
        asking = self._asking([tag for tag, _ in record.tags])
        body, ttl_s = write(record), record.gone_s - record.stored_s
        replies = await far.asked([Get(name), Add(name, body, ttl_s, secret), *self._questions(asking)])
        if replies is None:
            return True  # near for a moment, at least
        self._learn(asking, replies[2:])
        if replies[1]:
            return True
        if dropped_by_another(replies[0], self._me(), since.at_s - self._skew_s) is not None:
            return False
        replies = await far.asked([Get(name), Put(name, body, ttl_s, secret)])  # in place of what is out of date
        dropped = dropped_by_another(replies[0], self._me(), since.at_s - self._skew_s) if replies is not None else None
        if dropped is not None:  # between the two
            await far.asked([Put(name, write_dropped(dropped), self._drop_s)])
        return dropped is None

    # ---- forgetting

    async def drop(self, *keys: str) -> None:
        """Forget the things under `keys`, and what is being made of them now. Raises StoreError when the others have not heard of it."""
        moment = Moment(self._tags.goes_on(), self._clock.now())
        for key in keys:
            self._near.drop(key)
            self._drops.add(key, moment)
        if self._far is not None and keys:
            raw = write_dropped(Dropped(moment.at_s, self._me()))
            await self._far.told([Put(self._far.key(key), raw, self._drop_s) for key in keys])

    async def purge(self, *tags: str) -> None:
        """Forget everything with one of `tags`, and what is being made of it now. Raises StoreError when the others have not heard."""
        sure_s = self._clock.monotonic() + self._near_s
        version = new_version(self._clock.now())
        for name in tags:
            self._tags.set(name, version, sure_s)
        if self._far is not None and tags:
            await self._far.told([Put(self._far.tag(name), version, self._tags_s) for name in tags])

    def immediate(self) -> Shelf[T]:
        """Return the same shelf for callers who cannot wait: its methods end at their first step. A store that could answer only later
        counts as one that does not answer."""
        made = copy.copy(self)
        if self._far is not None:
            vars(made).update(_far=self._far.immediate(), _gets=None)
        return made

    def forget(self) -> None:
        """Empty the near level alone."""
        self._near.clear()

    @property
    def used_bytes(self) -> int:
        """Of the near level."""
        return self._near.used_bytes

    def __len__(self) -> int:
        """How many things are in the near level."""
        return len(self._near)

    def _me(self) -> bytes:
        """This shelf in this process: a worker that was forked off is another one."""
        return self._name + os.getpid().to_bytes(4)

    # ---- tags

    def _asking(self, tags: Iterable[str]) -> Asking:
        """Which of `tags` the store must be asked about now."""
        now_s = self._clock.monotonic()
        unsure = [name for name in dict.fromkeys(tags) if (known := self._tags.get(name)) is None or known.sure_s <= now_s]
        return Asking(unsure, self._tags.tick, now_s + self._near_s)

    def _questions(self, asking: Asking) -> list[Op]:
        return [Get(self._far.tag(name)) for name in asking.tags] if self._far is not None else []

    def _learn(self, asking: Asking, replies: Sequence[Reply]) -> None:
        for name, version in zip(asking.tags, replies, strict=True):
            if isinstance(version, bytes):
                self._tags.learn(name, version, asked=asking.tick, sure_s=asking.sure_s)
            else:  # the store has lost it, and with it perhaps a purge
                self._tags.lose(name, asked=asking.tick)

    async def _is_current(self, record: Record) -> bool:
        """Whether none of the thing's tags has been purged since."""
        asking = self._asking(name for name, _ in record.tags)
        if asking.tags and self._far is not None:
            replies = await self._far.asked(self._questions(asking))
            if replies is None:
                return False
            self._learn(asking, replies)
        return all(self._tags.version(name) == version for name, version in record.tags)

    async def _hear_of(self, tags: Sequence[str]) -> None:
        """Know a version of each tag. One that was heard of before will do, however old: were there another one by now, then what is
        put with the old one would be stale at once, as it should be."""
        unknown = [name for name in dict.fromkeys(tags) if self._tags.get(name) is None]
        asking = Asking(unknown, self._tags.tick, self._clock.monotonic() + self._near_s)
        if self._far is None:
            self._learn(asking, [new_version() for _ in unknown])
        elif unknown:
            names = [self._far.tag(name) for name in unknown]
            replies = await self._far.asked([op for name in names for op in (Add(name, new_version(), self._tags_s), Get(name))])
            if replies is not None:
                self._learn(asking, replies[1::2])

    # ---- the near level

    def _taken(self, key: str, record: Record, sure_s: float) -> Kept[T] | None:
        if record.gone_s <= self._clock.now() or self._decode is None:
            return None
        try:
            thing = self._decode(record.body)
        except ValueError:
            return None
        kept = Kept(thing, record.stored_s, record.until_s, record.made_in_s)
        self._keep_near(key, kept, record, sure_s)
        return kept

    def _keep_near(self, key: str, kept: Kept[T], record: Record, sure_s: float) -> None:
        """`sure_s`: what the store said is good until then, and no longer than what it said of each tag."""
        size_bytes = self._size(kept.thing) if self._size else len(record.body)
        now_s = self._clock.monotonic()
        sure_s = min(sure_s, now_s + record.gone_s - self._clock.now())
        for name, _ in record.tags:
            known = self._tags.get(name)
            sure_s = min(sure_s, known.sure_s) if known else now_s
        if sure_s > now_s:
            self._near.put(key, Entry(kept, sure_s, record.tags, size_bytes + len(key) + ENTRY_BYTES))
        else:
            self._near.drop(key)
