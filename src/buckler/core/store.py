"""The store contract: what every backend must do, in batches, so that one request needs one round trip at most."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple, Protocol, TypeAlias


class Get(NamedTuple):
    """Answers `bytes`, or None when the key is unknown or expired."""

    key: str


class Put(NamedTuple):
    """Sets `value` for `ttl_s` seconds. Answers None. A `secret` value is encrypted where it leaves this machine."""

    key: str
    value: bytes
    ttl_s: float
    secret: bool = False


class Add(NamedTuple):
    """Sets `value` only where the key is unknown. Answers whether it did: of many at once, exactly one."""

    key: str
    value: bytes
    ttl_s: float
    secret: bool = False


class Replace(NamedTuple):
    """Sets `value` only where the key is known. Answers whether it did: what was dropped meanwhile stays dropped."""

    key: str
    value: bytes
    ttl_s: float
    secret: bool = False


class Drop(NamedTuple):
    """Forgets the key. Answers whether there was one."""

    key: str


class Take(NamedTuple):
    """Takes `cost` from a quota of `limit` per `period_s` (GCRA), atomically. Answers `Taken`.

    With `follows`, it takes nothing when the Take before it in the same batch was not allowed, and is then not allowed either: one
    client's refused attempts must not use up the quota of the account that they are aimed at. A `cost` below zero gives back what an
    attempt took that turned out to be nobody's guess; a quota never becomes more than whole.

    What is `spent` counts even where it is more than was left, because it has been used already: the quota is then empty, never
    less than that, and the answer says whether it was enough.
    """

    key: str
    limit: int
    period_s: float
    cost: int = 1
    follows: bool = False
    spent: bool = False


class Taken(NamedTuple):
    """`remaining` calls are left at once; when not `allowed`, try again in `retry_s` (0: only another quota stands in the way); the
    quota is whole again in `reset_s`."""

    allowed: bool
    remaining: int
    retry_s: float
    reset_s: float


Op: TypeAlias = Get | Put | Add | Replace | Drop | Take
Reply: TypeAlias = bytes | bool | Taken | None


class Reach(IntEnum):
    """Who shares a store's state: the threads of one process, the processes of one machine, or whoever reaches its server."""

    PROCESS = 1
    MACHINE = 2
    NETWORK = 3


EVERYTHING: frozenset[type[Op]] = frozenset({Get, Put, Add, Replace, Drop, Take})


class Able(NamedTuple):
    """What a store can do. What reaches over the network is authenticated, and encrypted where it is marked `secret`."""

    reach: Reach
    ops: frozenset[type[Op]] = EVERYTHING
    keeps: bool = True  # whether it keeps what it acknowledged until its time is over; a mere cache forgets when it needs room


class Store(Protocol):
    """A place for shared state. Every method raises `StoreError`, and nothing else, when the backend fails.

    A store may also say what it is able to do, as `able` (without it, it counts as one that is reached over a network), and answer
    without waiting, as `at_once` (see `Quick`).
    """

    async def batch(self, ops: list[Op]) -> list[Reply]:
        """Do all `ops` in order, in one round trip, and return their answers in order."""
        ...

    async def close(self) -> None:
        """Give back connections and files. The store is not used afterwards."""
        ...


class Quick(Store, Protocol):
    """A store that can answer where it stands, at least sometimes."""

    def at_once(self, ops: list[Op]) -> list[Reply] | None:
        """Do all `ops` and return their answers without waiting for anything, or do nothing and return None: then ask `batch`."""
        ...


def able(store: Store) -> Able:
    """What `store` says that it can do; one that says nothing is trusted with nothing."""
    found = getattr(store, "able", None)
    return found if isinstance(found, Able) else Able(Reach.NETWORK)


_GRAIN_S = 2.0**-21  # seconds since 1970 are no further apart than this in a double, until the year 2106


def key(space: str, *parts: str) -> str:
    """Return a key in which no part can reach into its neighbour: every part carries its length ("a","bc" ≠ "ab","c")."""
    if len(parts) == 1:  # by far the most common, and four times as fast
        return f"{space}:{len(parts[0])}:{parts[0]}"
    return space + "".join(f":{len(part)}:{part}" for part in parts)


def gcra(due_s: float, now_s: float, take: Take, *, before: bool = True) -> tuple[float, Taken]:
    """The generic cell rate algorithm on one number, the time at which the quota is whole again.

    Returns the new `due_s` and the answer; `before` is whether the Take that this one follows was allowed. A burst of `limit` is
    allowed, then one per `period_s / limit`. Cost: a few additions; no list of past requests. A refusal leaves `due_s` as it is, unless
    it lies more than a period ahead: that comes from a clock that was set back, and becomes an empty quota instead of a long lock-out.

    A sum that the double has rounded down is rounded up, so that nobody ever gets more than the limit. What a whole quota of such
    roundings comes to, though never more than half a call, is let pass, so that an honest client loses none. That is exact for up to
    10,000 calls a minute; of 10,000 a second, 0.4 % are lost.
    """
    interval_s = take.period_s / take.limit
    slack_s = min(take.limit * _GRAIN_S, interval_s / 2)
    start_s = max(due_s, now_s)
    if start_s - now_s - take.period_s > slack_s:
        start_s = now_s + take.period_s
    step_s = interval_s * take.cost
    next_s = start_s + step_s
    if next_s - start_s < step_s:
        next_s += _GRAIN_S
    over_s = next_s - now_s - take.period_s
    late = over_s > slack_s
    room_s = take.period_s + slack_s
    if take.spent and (before or not take.follows):
        next_s = min(next_s, now_s + take.period_s)
        left = max(0, int((room_s - (next_s - now_s)) / interval_s))
        return next_s, Taken(allowed=not late, remaining=left, retry_s=over_s if late else 0.0, reset_s=next_s - now_s)
    if late or (take.follows and not before):
        left = max(0, int((room_s - (start_s - now_s)) / interval_s))
        return min(due_s, start_s), Taken(allowed=False, remaining=left, retry_s=over_s if late else 0.0, reset_s=start_s - now_s)
    next_s = next_s if next_s > now_s else now_s  # what is given back to a whole quota is dropped
    left = max(0, int((room_s - (next_s - now_s)) / interval_s))
    return next_s, Taken(allowed=True, remaining=left, retry_s=0.0, reset_s=next_s - now_s)
