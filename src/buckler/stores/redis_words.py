"""What a batch is in Redis' own words, and what its answers mean. Nothing here waits for anything.

A batch is one command: the plain one for a single op (`GET`, `SET … PX`, `DEL`), `MGET` where all are questions, and otherwise one call of
the script `redis.lua`, which the server runs as one: nobody sees half of it.
"""

from __future__ import annotations

import hashlib
import math
import struct
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from buckler.core.store import Add, Drop, Get, Put, Replace, Take, Taken
from buckler.errors import StoreError
from buckler.stores.redis_wire import packed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from buckler.core.store import Op, Reply

SCRIPT = Path(__file__).with_name("redis.lua").read_bytes()
_SHA = hashlib.sha1(SCRIPT, usedforsecurity=False).hexdigest().encode()  # the name that the server gives to it
LOAD = packed((b"SCRIPT", b"LOAD", SCRIPT))
_UNASKED = "Redis answered what it was not asked"
_TAKEN = struct.Struct("<Bddd")
_SPEC = struct.Struct("<dddBB")
_VERBS: dict[type[Op], bytes] = {Get: b"G", Drop: b"D", Put: b"P", Add: b"A", Replace: b"R"}
_ONLY_IF: dict[type[Op], tuple[bytes, ...]] = {Put: (), Add: (b"NX",), Replace: (b"XX",)}


class Spaces(NamedTuple):
    """The beginnings of keys. Values and quotas have one each: only of values does the server tell when they change."""

    values: str
    quotas: str

    def key(self, op: Op) -> bytes:
        """Return the key under which the server keeps what `op` is about."""
        return ((self.quotas if type(op) is Take else self.values) + op.key).encode("utf-8", "surrogatepass")

    def plain(self, key: bytes) -> str:
        """Return what the rest of Buckler calls this key of a value."""
        return key.decode("utf-8", "surrogatepass")[len(self.values) :]


class Said(NamedTuple):
    """One batch, as a command. `script` is what follows the script's name, for a server that does not know it yet. `asking`: the server
    does not keep the slot yet, and is asked all the same."""

    command: bytes
    script: tuple[bytes | int, ...] | None = None
    asking: bool = False


def said(ops: Sequence[Op], keys: Sequence[bytes], *, before: bool = True) -> Said:
    """Return the command for `ops`, whose keys are `keys`. `before`: whether the Take before the first one was allowed."""
    if len(ops) == 1 and type(ops[0]) is not Take:
        return Said(_alone(ops[0], keys[0]))
    words: list[bytes | int] = [len(keys), *keys, b"1" if before else b"0"]
    only_asked = True
    for op in ops:
        kind = type(op)
        only_asked = only_asked and kind is Get
        if isinstance(op, Take):
            words.append(_take(op.limit, op.period_s, op.cost, op.follows, op.spent))
        elif isinstance(op, (Put, Add, Replace)):  # `|` makes a new type at every call, for half a microsecond
            words += (b"%b%d" % (_VERBS[kind], _millis(op.ttl_s)), op.value)
        else:
            words.append(_VERBS[kind])
    if only_asked:
        return Said(packed((b"MGET", *keys)))
    return Said(packed((b"EVALSHA", _SHA, *words)), tuple(words))


def meant(ops: Sequence[Op], answer: Any) -> list[Reply]:
    """Return the replies to `ops` that `answer` stands for. Raises `StoreError` when it cannot be an answer to them."""
    answers = [answer] if len(ops) == 1 and type(ops[0]) is not Take else answer
    if not isinstance(answers, list) or len(answers) != len(ops):
        raise StoreError(_UNASKED)
    return [_reply(op, one) for op, one in zip(ops, answers, strict=True)]


def _reply(op: Op, answer: Any) -> Reply:
    kind = type(op)
    if kind is Get and (answer is None or type(answer) is bytes):
        return answer
    if kind is Take:
        return _taken(answer)
    if kind in _ONLY_IF and answer in (None, 0, 1, b"OK"):
        return None if kind is Put else bool(answer)
    if kind is Drop and answer in (0, 1):
        return bool(answer)
    raise StoreError(_UNASKED)


def _taken(answer: Any) -> Taken:
    if type(answer) is not bytes or len(answer) != _TAKEN.size:
        raise StoreError(_UNASKED)
    allowed, left, retry_s, reset_s = _TAKEN.unpack(answer)
    if not 0 <= left < math.inf:
        raise StoreError(_UNASKED)
    return Taken(allowed == 1, int(left), retry_s, reset_s)


def _alone(op: Op, key: bytes) -> bytes:
    """Return a single op as the plain command: no script is cheaper than none."""
    if isinstance(op, Get):
        return packed((b"GET", key))
    if isinstance(op, (Put, Add, Replace)):
        return packed((b"SET", key, op.value, b"PX", _millis(op.ttl_s), *_ONLY_IF[type(op)]))
    return packed((b"DEL", key))


def _millis(ttl_s: float) -> int:
    """Return at least 1: Redis refuses 0, and what should end at once ends in a moment."""
    return max(1, math.ceil(ttl_s * 1000))


@lru_cache(1024)  # a site has a handful of limits, and asks for them again and again
def _take(limit: int, period_s: float, cost: int, follows: bool, spent: bool) -> bytes:
    return b"T" + _SPEC.pack(period_s, limit, cost, follows, spent)
