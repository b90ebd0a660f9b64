"""The store contract: what every backend must do, in batches, so that one request needs one round trip at most."""

from __future__ import annotations

from typing import NamedTuple, Protocol, TypeAlias

class Get(NamedTuple):
    """Answers `bytes`, or None when the key is unknown or expired."""

    key: str


class Put(NamedTuple):
    """Sets `value` for `ttl_s` seconds. Answers None."""

    key: str
    value: bytes
    ttl_s: float


class Add(NamedTuple):
    """Sets `value` only where the key is unknown. Answers whether it did: of many at once, exactly one."""

    key: str
    value: bytes
    ttl_s: float


class Drop(NamedTuple):
    """Forgets the key. Answers whether there was one."""

    key: str


class Take(NamedTuple):
    """Takes `cost` from a quota of `limit` per `period_s` (GCRA), atomically. Answers `Taken`."""

    key: str
    limit: int
    period_s: float
    cost: int = 1


class Taken(NamedTuple):
    """`remaining` calls are left at once; when not `allowed`, try again in `retry_s`; the quota is whole again in `reset_s`."""

    allowed: bool
    remaining: int
    retry_s: float
    reset_s: float


Op: TypeAlias = Get | Put | Add | Drop | Take
Reply: TypeAlias = bytes | bool | Taken | None


class Store(Protocol):
    """A place for shared state. Every method raises `StoreError`, and nothing else, when the backend fails."""

    async def batch(self, ops: list[Op]) -> list[Reply]:
        """Do all `ops` in order, in one round trip, and return their answers in order."""
        ...

    async def close(self) -> None:
        """Give back connections and files. The store is not used afterwards."""
        ...


def key(space: str, *parts: str) -> str:
    """Return a key in which no part can reach into its neighbour: every part carries its length ("a","bc" ≠ "ab","c")."""
    return space + "".join(f":{len(part)}:{part}" for part in parts)


def gcra(due_s: float, now_s: float, take: Take) -> tuple[float, Taken]:
    """The generic cell rate algorithm on one number, the time at which the quota is whole again.

    Returns the new `due_s` (unchanged when refused) and the answer. A burst of `limit` is allowed, then one per
    `period_s / limit`. Cost: a few additions; no list of past requests.
    """
    interval_s = take.period_s / take.limit
    start_s = due_s if due_s > now_s else now_s
    next_s = start_s + interval_s * take.cost
    over_s = next_s - now_s - take.period_s
    if over_s > interval_s * 1e-6:  # a rounding error of float seconds must not cost an honest client a call
        left = max(0, int((take.period_s - (start_s - now_s)) / interval_s + 1e-6))
        return due_s, Taken(False, left, over_s, start_s - now_s)
    left = max(0, int((take.period_s - (next_s - now_s)) / interval_s + 1e-6))
    return next_s, Taken(True, left, 0.0, next_s - now_s)
