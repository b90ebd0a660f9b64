"""Tags by version numbers: a value remembers the version of each of its tags, and purging a tag gives it another one.

So a purge is one small write, however many values have the tag, and no list of them is kept anywhere. Versions are random and never used
twice: where the store has lost one, a new one takes its place, and values with the lost one are stale. Nothing comes back.
"""

from __future__ import annotations

import math
import secrets
import struct
from collections import OrderedDict
from itertools import count
from typing import NamedTuple

_REMEMBERED_DROPS = 4096
_VERSION = struct.Struct(">d8s")


class Moment(NamedTuple):
    """When the making of a thing began: `tick` counts what this process drops and purges, `at_s` is compared with other machines."""

    tick: int
    at_s: float


class Known(NamedTuple):
    """`since`: the tick at which this process first knew of this version; `sure_s`: until when it need not ask again."""

    version: bytes
    since: int
    sure_s: float


class Asking(NamedTuple):
    """Tags that the store is asked about, at which tick, and until when its answers are good."""

    tags: list[str]
    tick: int
    sure_s: float


def new_version(purged_s: float = 0.0) -> bytes:
    """Return a version: when the tag was purged (0: never, as far as anybody knows), and 64 random bits."""
    return _VERSION.pack(purged_s, secrets.token_bytes(8))


def purged_s(version: bytes) -> float:
    """Return when the purge was that made this version; for a version that nobody here made, the end of time."""
    if len(version) != _VERSION.size:
        return math.inf
    found: float = _VERSION.unpack(version)[0]
    return found if found >= 0 else math.inf  # which NaN is not either


class Drops:
    """When keys were dropped here, of the last 4,096; whether an earlier one was dropped is answered with a yes."""

    __slots__ = ("_before", "_dropped")

    def __init__(self) -> None:
        self._dropped: OrderedDict[str, Moment] = OrderedDict()
        self._before = Moment(0, -math.inf)  # the newest that is forgotten

    def add(self, key: str, moment: Moment) -> None:
        self._dropped.pop(key, None)
        self._dropped[key] = moment
        while len(self._dropped) > _REMEMBERED_DROPS:
            _, self._before = self._dropped.popitem(last=False)

    def since(self, key: str, tick: int) -> bool:
        """Whether `key` was dropped after `tick`."""
        return self._dropped.get(key, self._before).tick > tick

    def last_s(self, key: str) -> float:
        """When `key` was dropped last, as far as is remembered; before all time where it was not."""
        moment = self._dropped.get(key)
        return -math.inf if moment is None else moment.at_s


class Tags:
    """The versions that this process knows, at most `max_tags`. What it has forgotten is asked for again: nothing is stale for it."""

    __slots__ = ("_forgotten", "_known", "_max_tags", "_ticks", "tick")

    def __init__(self, max_tags: int) -> None:
        self._known: OrderedDict[str, Known] = OrderedDict()
        self._max_tags = max_tags
        self._ticks = count(1)  # no two threads get the same
        self.tick = 0  # goes on with everything that this process drops, purges, or learns of the others
        self._forgotten = 0  # the newest tick of a version that had to make room

    def goes_on(self) -> int:
        """Return a new tick."""
        self.tick = next(self._ticks)
        return self.tick

    def get(self, name: str) -> Known | None:
        return self._known.get(name)

    def version(self, name: str) -> bytes | None:
        known = self._known.get(name)
        return None if known is None else known.version

    def set(self, name: str, version: bytes, sure_s: float) -> None:
        """From now on, this is the version."""
        self._keep(name, Known(version, self.goes_on(), sure_s))

    def learn(self, name: str, version: bytes, *, asked: int, sure_s: float) -> None:
        """The store has answered `version`, asked at tick `asked`. What was purged here meanwhile stays purged."""
        known = self._known.get(name)
        if known is not None and known.version == version:
            self._keep(name, Known(version, known.since, sure_s))
        elif known is None or known.since <= asked:
            self.set(name, version, sure_s)

    def lose(self, name: str, *, asked: int) -> None:
        """The store has no version, asked at tick `asked`: what was believed is believed no more."""
        known = self._known.get(name)
        if known is not None and known.since <= asked:
            del self._known[name]

    def began_with(self, name: str, moment: Moment, skew_s: float) -> bytes | None:
        """Return the version that was true at `moment`, or None where the tag was, or may have been, purged since."""
        known = self._known.get(name)
        if known is None:
            return None
        if known.since <= moment.tick:
            return known.version
        # Heard of since then: good where it was purged before, if ever. A version that had to make room may have been of a later purge.
        good = self._forgotten <= moment.tick and purged_s(known.version) + skew_s < moment.at_s
        return known.version if good else None

    def _keep(self, name: str, known: Known) -> None:
        self._known.pop(name, None)
        self._known[name] = known
        while len(self._known) > self._max_tags:
            _, oldest = self._known.popitem(last=False)
            self._forgotten = max(self._forgotten, oldest.since)
