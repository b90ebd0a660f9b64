"""Redis Cluster: which server keeps which of the 16,384 slots, and how a batch is divided among them."""

from __future__ import annotations

import asyncio
import binascii
import random
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from buckler.core.store import Take, Taken
from buckler.errors import StoreError
from buckler.stores.redis_node import Address, Node
from buckler.stores.redis_wire import ServerError, packed
from buckler.stores.redis_words import Said, meant, said

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from buckler.core.store import Op, Reply

SLOTS = 16384
_REDIRECTS = 4  # a slot that moves is found at the second try; more is for a cluster that is being rearranged
_AGAIN_S = 0.02  # while the keys of one batch are on their way from one server to another
_SHOW = Said(packed(("CLUSTER", "SLOTS")))


class Part(NamedTuple):
    """The ops of a batch that one call does: `numbers` of them, whose keys lie in `slot`, at `stage` (after all of the stage before).
    `after`: the number of the Take in another slot that its first Take follows, or -1."""

    slot: int
    stage: int
    numbers: list[int]
    after: int


class Call(NamedTuple):
    """A part that may be done now: its ops, and the question that stands for them."""

    slot: int
    numbers: list[int]
    ops: list[Op]
    question: Said


def slot_of(key: bytes) -> int:
    """Return the slot of `key`. Braces have no meaning in our keys: `{}` before them says so to Redis, and no visitor picks a server."""
    return binascii.crc_hqx(key, 0) % SLOTS  # CRC-16/XMODEM, as the specification of Redis Cluster says


def divided(ops: Sequence[Op], slots: Sequence[int]) -> list[Part]:
    """Return the calls that do `ops`, the first stage first. In one slot, what comes first in the batch is done first."""
    last: dict[int, Part] = {}  # of each slot
    parts: list[Part] = []
    before, before_stage = -1, 0  # the Take before: its number and its stage
    for number, (op, slot) in enumerate(zip(ops, slots, strict=True)):
        stage, after = 0, -1
        if isinstance(op, Take) and op.follows and before >= 0:
            elsewhere = slots[before] != slot
            stage, after = (before_stage + 1, before) if elsewhere else (before_stage, -1)
        part = last.get(slot)
        if part is None or stage > part.stage or after >= 0:
            part = Part(slot, max(stage, part.stage + 1) if part is not None else stage, [], after)
            last[slot] = part
            parts.append(part)
        part.numbers.append(number)
        if isinstance(op, Take):
            before, before_stage = number, part.stage
    return sorted(parts, key=lambda part: part.stage)


class Cluster:
    """Asks the server that keeps a slot, and learns when that changes. One connection and one breaker for each server."""

    def __init__(self, seeds: Sequence[Address], make_node: Callable[[Address], Node], *, wait_s: float) -> None:
        self._seeds, self._make_node, self._wait_s = list(seeds), make_node, wait_s
        self._nodes: dict[Address, Node] = {}
        self._owners: list[Address | None] = []
        self._looking: asyncio.Task[None] | None = None

    async def batch(self, ops: Sequence[Op], keys: Sequence[bytes]) -> list[Reply]:
        """Do `ops`: one call for each slot, all at once, but for a Take that follows one in another slot, which waits for it."""
        replies: list[Reply] = [None] * len(ops)
        parts = divided(ops, [slot_of(key) for key in keys])
        for _, stage in groupby(parts, key=attrgetter("stage")):
            calls = [_call(part, ops, keys, replies) for part in stage]
            sent = [self._sent(call) for call in calls]
            if None in sent and len(sent) > 1:  # a connection is to be made, or a server is left alone
                await asyncio.gather(*(self._do(call, answer, replies) for call, answer in zip(calls, sent, strict=True)))
            else:  # all are on their way, so that waiting for one is waiting for all; a task for each would cost three times as much
                for call, answer in zip(calls, sent, strict=True):
                    await self._do(call, answer, replies)
        return replies

    async def primaries(self) -> set[Address]:
        """Return all servers that keep slots, as one of them says now. Raises `StoreError`."""
        await self._look()
        return {owner for owner in self._owners if owner is not None}

    async def close(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
        for node in self._nodes.values():
            await node.close()

    def _sent(self, call: Call) -> asyncio.Future[Any] | None:
        """Send a question on its way and return its coming answer; None where that is not possible at once."""
        owner = self._owners[call.slot] if self._owners else None
        return self._node(owner).send(call.question) if owner is not None else None

    async def _do(self, call: Call, sent: asyncio.Future[Any] | None, replies: list[Reply]) -> None:
        """Put the answers to one call into `replies`."""
        answer = await self._ask(call.slot, call.question, sent)
        for number, reply in zip(call.numbers, meant(call.ops, answer), strict=True):
            replies[number] = reply

    async def _ask(self, slot: int, question: Said, sent: asyncio.Future[Any] | None) -> Any:
        """Return the answer of the server that keeps `slot`. Raises `StoreError`. What is asked again has not been done before."""
        node, asked = await self._owner(slot), question
        for _ in range(_REDIRECTS):
            try:
                answer = await node.ask(asked, sent)
            except StoreError:
                self._look_soon()  # another may have taken its place
                raise
            if not isinstance(answer, ServerError):
                return answer
            node, asked = await self._elsewhere(node, slot, question, str(answer))
            sent = None
        raise StoreError(f"the cluster is being rearranged: slot {slot} was nowhere")

    async def _elsewhere(self, node: Node, slot: int, question: Said, told: str) -> tuple[Node, Said]:
        """Return whom to ask, and what, when `node` says that it does not keep the slot. Raises `StoreError` when it says anything else."""
        word, *rest = told.split(" ")
        if word in {"MOVED", "ASK"} and rest:
            address = _address(rest[-1], node.address)
            if word == "ASK":  # for this one question only: the slot is on its way
                return self._node(address), question._replace(asking=True)
            self._owners[slot] = address
            self._look_soon()
            return self._node(address), question
        if word == "TRYAGAIN":
            await asyncio.sleep(_AGAIN_S)
            return node, question
        if word == "CLUSTERDOWN":
            self._look_soon()
        raise StoreError(told)

    async def _owner(self, slot: int) -> Node:
        if not self._owners:
            await self._look()
        owner = self._owners[slot]
        if owner is None:
            self._look_soon()
            raise StoreError(f"no server keeps slot {slot}")
        return self._node(owner)

    def _node(self, address: Address) -> Node:
        node = self._nodes.get(address)
        if node is None:
            node = self._nodes[address] = self._make_node(address)
        return node

    async def _look(self) -> None:
        """Learn who keeps what, within `wait_s`."""
        try:
            async with asyncio.timeout(self._wait_s):
                await asyncio.shield(self._look_soon())
        except TimeoutError as failure:
            raise StoreError("no server of the cluster says who keeps what") from failure

    def _look_soon(self) -> asyncio.Task[None]:
        """Ask in the background, once for all who want to know."""
        if self._looking is None:
            self._looking = asyncio.create_task(self._learn())
            self._looking.add_done_callback(self._looked)
        return self._looking

    def _looked(self, task: asyncio.Task[None]) -> None:
        self._looking = None
        if not task.cancelled():
            task.exception()  # whoever waited has it; nobody may have waited

    async def _learn(self) -> None:
        """Ask one server after the other, until one says. Raises `StoreError` when none does."""
        known = sorted({*self._nodes, *self._seeds})
        random.shuffle(known)  # not always the same one, which may be the stalled one
        for address in known:
            node = self._node(address)
            try:
                owners = _owners(await node.ask(_SHOW), address)
            except StoreError:
                continue
            self._owners = owners
            for gone in set(self._nodes) - set(owners) - set(self._seeds):
                self._nodes.pop(gone).drop("it is no part of the cluster any more")
            return
        raise StoreError("no server of the cluster says who keeps what")


def _call(part: Part, ops: Sequence[Op], keys: Sequence[bytes], replies: Sequence[Reply]) -> Call:
    own = [ops[number] for number in part.numbers]
    followed = replies[part.after] if part.after >= 0 else None
    before = not isinstance(followed, Taken) or followed.allowed
    return Call(part.slot, part.numbers, own, said(own, [keys[number] for number in part.numbers], before=before))


def _address(told: str, asked: Address | None) -> Address:
    """Return the address that a redirection names, "host:port"; without a host it is that of the server that said it."""
    host, _, port = told.rpartition(":")
    if not port.isdecimal() or not (host or asked):
        raise StoreError(f"the cluster names no server: {told}")
    return Address(host or (asked.host if asked else ""), int(port))


def _owners(told: Any, asked: Address) -> list[Address | None]:
    """Return the owner of each slot, as `CLUSTER SLOTS` tells it. Raises `StoreError` when it tells something else."""
    owners: list[Address | None] = [None] * SLOTS
    try:
        for first, last, (host, port, *_), *_ in told:
            owner = Address(host.decode() if host else asked.host, int(port))
            owners[first : last + 1] = [owner] * (last + 1 - first)
    except (TypeError, ValueError, AttributeError) as failure:
        raise StoreError("the cluster says nothing that can be understood") from failure
    if len(owners) != SLOTS:
        raise StoreError("the cluster says nothing that can be understood")
    return owners
