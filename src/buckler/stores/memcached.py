"""A cache that all machines share, in Memcached 1.6 or newer: for `Cache(store=…)`, not for `Guard(store=…)`.

Memcached forgets what it has no room for, and everything when it is restarted. A session that ends by itself is a nuisance, a limit that
begins anew is a hole: so it says that it does not keep what it is given, and a guard refuses it. It cannot count either: a `Take` reads and
writes in one step, and Memcached's counters know no time.

A batch is one round trip to each server that its keys live on: meta commands, all written at once. Each command is atomic, a batch is not.
Lives are whole seconds, rounded up, and a month at most; Memcached's clock ticks once a second, so a value may be gone a second before.

It has no rights and, unless built so, no encryption: whoever reaches its port reads and writes everything. Values are authenticated on the
way (`stores.sealed`), and encrypted where they are secret.
"""

from __future__ import annotations

import asyncio
import math
import re
import time
from hashlib import blake2b
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from buckler.core.options import need, need_positive
from buckler.core.store import EVERYTHING, Able, Add, Drop, Get, Op, Put, Reach, Replace, Reply, Take
from buckler.errors import ConfigError, StoreError
from buckler.stores.breaker import Breaker
from buckler.stores.memcached_wire import Link, Said, SaidNoError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence

_PORT = 11211
_MONTH_S = 30 * 86_400
_PLAIN = re.compile(r"[!-~]{1,180}", re.ASCII)  # what may stand in a command: 250 characters at most, with the prefix, and no space
_MODES: dict[type, bytes] = {Put: b"S", Add: b"E", Replace: b"R"}


class Memcached:
    """Keeps values in the servers at `nodes`, each a "host" or "host:port"; a key always lives on the same one (rendezvous hashing).

    `prefix`: begins every key, so that several sites can share a server. `tls`: for servers that were built with it. `wait_s`,
    `max_waiting`, `failures`, `rest_s`: see `stores.breaker`; for each server on its own. Raises `ConfigError`.
    """

    able = Able(Reach.NETWORK, ops=EVERYTHING - {Take}, keeps=False)

    def __init__(
        self,
        *nodes: str,
        prefix: str = "bk",
        tls: ssl.SSLContext | None = None,
        wait_s: float = 0.25,
        max_waiting: int = 1024,
        failures: int = 5,
        rest_s: float = 1.0,
    ) -> None:
        need(nodes, "Memcached.nodes", nodes, 'give at least one address, as in Memcached("localhost:11211")')
        need(re.fullmatch(r"[\w.-]{1,32}", prefix, re.ASCII), "Memcached.prefix", prefix, "use up to 32 letters, digits, `-`, `_` and `.`")
        need_positive(self, wait_s=wait_s, max_waiting=max_waiting, failures=failures, rest_s=rest_s)
        self._prefix = prefix
        self._nodes = []
        for host, port in dict.fromkeys(map(_address, nodes)):
            breaker = Breaker(
                f"Memcached {host}:{port}",
                wait_s=wait_s,
                max_waiting=max_waiting,
                failures=failures,
                rest_s=rest_s,
                answered=(SaidNoError,),
            )
            self._nodes.append(_Node(host, port, tls, breaker, 0.9 * wait_s))

    async def batch(self, ops: list[Op]) -> list[Reply]:
        """Do all `ops`, each one atomically. Those of one key are done in order."""
        if len(self._nodes) == 1:
            return await self._nodes[0].ask([self._said(op) for op in ops])
        shares: dict[_Node, list[int]] = {}
        for number, op in enumerate(ops):
            shares.setdefault(self._home(op.key), []).append(number)
        answers = await asyncio.gather(*(node.ask([self._said(ops[number]) for number in share]) for node, share in shares.items()))
        replies: list[Reply] = [None] * len(ops)
        for share, answered in zip(shares.values(), answers, strict=True):
            for number, reply in zip(share, answered, strict=True):
                replies[number] = reply
        return replies

    async def close(self) -> None:
        for node in self._nodes:
            node.close()

    def _home(self, key: str) -> _Node:
        """The server of a key: where one is added or taken out, no key moves between the others."""
        data = key.encode("utf-8", "surrogatepass")
        return max(self._nodes, key=lambda node: blake2b(data, key=node.mark, digest_size=8).digest())

    def _said(self, op: Op) -> Said:
        name = self._name(op.key)
        if isinstance(op, Get):
            return Said(b"mg %b v\r\n" % name, type(op))
        if isinstance(op, Drop):
            return Said(b"md %b\r\n" % name, type(op))
        if isinstance(op, Take):
            raise StoreError("Memcached: it cannot count; use another store for limits")
        return Said(b"ms %b %d T%d M%b\r\n%b\r\n" % (name, len(op.value), _life(op.ttl_s), _MODES[type(op)], op.value), type(op))

    def _name(self, key: str) -> bytes:
        """The key as Memcached takes it, never the same for two."""
        if _PLAIN.fullmatch(key):
            return f"{self._prefix}={key}".encode()
        return f"{self._prefix}#{blake2b(key.encode('utf-8', 'surrogatepass'), digest_size=32).hexdigest()}".encode()


class _Node:
    """One server, and a connection to it for each event loop."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None, breaker: Breaker, patience_s: float) -> None:
        self._host, self._port, self._tls, self._breaker, self._patience_s = host, port, tls, breaker, patience_s
        self.mark = blake2b(f"{host}:{port}".encode(), digest_size=16).digest()
        self._links: WeakKeyDictionary[asyncio.AbstractEventLoop, Link] = WeakKeyDictionary()
        self._opening: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()

    async def ask(self, said: Sequence[Said]) -> list[Reply]:
        if not said:
            return []
        return await self._breaker.run(lambda: self._asked(said))

    async def _asked(self, said: Sequence[Said]) -> list[Reply]:
        link = await self._link()
        asked_s = time.monotonic()
        try:
            answers = await link.ask(said)
        except asyncio.CancelledError:
            if time.monotonic() - max(link.heard_s, asked_s) > self._patience_s:  # it has stalled: more questions would only fill memory
                link.drop("it does not answer")
            raise
        replies: list[Reply] = []
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
            replies.append(answer)
        return replies

    async def _link(self) -> Link:
        loop = asyncio.get_running_loop()
        async with self._opening.setdefault(loop, asyncio.Lock()):  # a thousand that wait at once open one connection
            link = self._links.get(loop)
            if link is None or link.is_lost:
                _, link = await loop.create_connection(Link, self._host, self._port, ssl=self._tls)
                self._links[loop] = link
            return link

    def close(self) -> None:
        for link in self._links.values():
            link.drop("the store was closed")
        self._links.clear()


def _life(ttl_s: float) -> int:
    """Seconds as Memcached takes them. What is over already is below zero, because zero is for ever; a month is the most, because more is
    read as a date, and dates end in 2038."""
    return min(math.ceil(ttl_s), _MONTH_S) if ttl_s > 0 else -1


def _address(node: str) -> tuple[str, int]:
    """The host and the port that `node` names. Raises `ConfigError`."""
    found = re.fullmatch(r"(?:memcached://)?(\[[0-9a-fA-F:.]+\]|[\w.-]+)(?::(\d{1,5}))?/?", node, re.ASCII)
    port = int(found[2] or _PORT) if found else 0
    if found is None or not 0 < port < 1 << 16:
        raise ConfigError("Memcached.nodes", node, 'write it as "host" or "host:11211"')
    return found[1].strip("[]"), port
