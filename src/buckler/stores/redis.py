"""State of all machines, in Redis (7.0 or newer) or Valkey: one server, one behind Sentinels, or a Cluster.

A batch is one round trip: one plain command, or one call of a script that the server runs as a whole (`redis.lua`, with the server's
clock). In a Cluster it is one call for each slot that its keys lie in, all at the same time; only a `Take` that follows one in another slot
waits for that one, because its answer decides.

All calls share one connection to each server, written at once and answered in order. Nobody waits for longer than `wait_s` (where a
connection is made first, twice that; in a Cluster that is being rearranged, and for takes that follow each other over several slots, that
for each step), and a server that has stalled is left alone (`stores.breaker`). What another process changes is told by the server over a
second connection (`pushes`).

What the server's user (ACL) must be allowed: +get +set +del +mget +time +evalsha +eval +script|load +hello +ping +select +info
+client|setname +client|tracking +cluster|slots, on keys that begin with the prefix.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit
from weakref import WeakKeyDictionary

from buckler.core.options import need, need_positive
from buckler.core.store import Able, Reach
from buckler.errors import ConfigError, StoreError
from buckler.stores.breaker import Breaker
from buckler.stores.redis_cluster import Cluster
from buckler.stores.redis_node import Address, Login, Node
from buckler.stores.redis_pushes import Ears
from buckler.stores.redis_sentinel import Sentinels
from buckler.stores.redis_wire import ServerError
from buckler.stores.redis_words import Spaces, meant, said

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from buckler.core.store import Op, Reply

_PORT, _SENTINEL_PORT = 6379, 26379
_INFINITE = float("inf")


class Redis:
    """Keeps state in the Redis or Valkey at `nodes`: one URL, `redis://[user:password@]host[:port][/database]`, or `rediss://` for TLS.

    `sentinel`: the name that the Sentinels give to the primary; `nodes` are the Sentinels then (their own passwords are in their URLs),
    and `username`, `password`, `tls` are those of the servers. `cluster`: `nodes` are some servers of a Cluster. `tls`: the context for
    the connections, where the system's authorities are not enough. `prefix`: begins every key, so that several sites can share a
    server. `evicting`: it throws out values when it needs room (its maxmemory-policy); that is fit for a cache, and refused for anything
    else, because a flood could make it forget limits. `wait_s`, `max_waiting`, `failures`, `rest_s`: see `stores.breaker`; for each server
    on its own. Raises `ConfigError`.
    """

    def __init__(  # noqa: PLR0913  # where it is, how to come in, and how long to wait; all but the first have a default
        self,
        *nodes: str,
        prefix: str = "bk",
        sentinel: str | None = None,
        cluster: bool = False,
        username: str | None = None,
        password: str | None = None,
        tls: ssl.SSLContext | None = None,
        evicting: bool = False,
        wait_s: float = 0.25,
        max_waiting: int = 1024,
        failures: int = 5,
        rest_s: float = 1.0,
    ) -> None:
        need(nodes, "Redis.nodes", nodes, 'give at least one address, as in Redis("redis://localhost:6379")')
        need(not (sentinel and cluster), "Redis.cluster", cluster, "Sentinels watch over single servers; give either")
        need(len(nodes) == 1 or sentinel or cluster, "Redis.nodes", nodes, "several addresses need sentinel= or cluster=True")
        need(prefix and not set(prefix) & set("{}"), "Redis.prefix", prefix, "give a short word without braces")
        need_positive(self, wait_s=wait_s, max_waiting=max_waiting, failures=failures, rest_s=rest_s)
        places = [_place(node, _SENTINEL_PORT if sentinel else _PORT, tls) for node in nodes]
        first = places[0].login
        database = 0 if sentinel else first.database
        need(not (cluster and database), "Redis.nodes", nodes[0], "a Cluster has no databases; leave the number out")
        if sentinel:
            self._login = Login(username, password, tls=tls)
        else:
            self._login = Login(username or first.username, first.password if password is None else password, database, first.tls)
        # Braces would choose the slot in a Cluster. After empty ones they mean nothing, says its specification.
        start = f"{prefix}{{}}" if cluster else prefix
        self._spaces = Spaces(f"{start}:v:", f"{start}:q:")
        self.able = Able(Reach.NETWORK, keeps=not evicting)
        self._places, self._sentinel, self._cluster = places, sentinel, cluster
        self._wait_s, self._max_waiting, self._failures, self._rest_s = wait_s, max_waiting, failures, rest_s
        self._told: list[Callable[[list[str] | None], None]] = []  # several guards may share a store: a change is told to all
        self._ears: Ears | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._here: Node | Cluster | None = None
        self._everywhere: WeakKeyDictionary[asyncio.AbstractEventLoop, Node | Cluster] = WeakKeyDictionary()

    async def batch(self, ops: list[Op]) -> list[Reply]:
        """Do all `ops` in one round trip. Costs 0.1 ms of waiting on the same machine, and 20 µs of this process (docs/why/redis.md)."""
        if not ops:
            return []
        here = self._here
        if here is None or asyncio.get_running_loop() is not self._loop:
            here = self._settle()
        key = self._spaces.key
        keys = [key(op) for op in ops]
        if isinstance(here, Cluster):
            return await here.batch(ops, keys)
        answer = await here.ask(said(ops, keys))
        if isinstance(answer, ServerError):
            if str(answer).startswith("READONLY"):  # another server has taken its place: the next call finds it
                here.drop("it is not the primary any more")
            raise StoreError(f"{here.address}: {answer}")
        return meant(ops, answer)

    def pushes(self, callback: Callable[[list[str] | None], None]) -> None:
        """Call `callback` with the keys of values that have changed, and with None when some may have been missed. It begins with the
        first batch, when there is an event loop."""
        self._told.append(callback)
        if self._here is not None and self._ears is None:
            self._listen(self._here)

    def heard_s(self) -> float:
        """Return how many seconds ago it was known that every change has been told; infinite while nobody listens. At most a beat
        (0.5 s) and a round trip while all is well; a connection that stalls is found out after 1.5 s."""
        return self._ears.heard_s() if self._ears is not None else _INFINITE

    async def close(self) -> None:
        if self._ears is not None:
            await self._ears.close()
            self._ears = None
        here = self._everywhere.pop(asyncio.get_running_loop(), None)
        self._here = None
        if here is not None:
            await here.close()

    def _settle(self) -> Node | Cluster:
        """Return what belongs to the running event loop: connections cannot move from one to another (a test's, a forked worker's)."""
        loop = asyncio.get_running_loop()
        here = self._everywhere.get(loop)
        if here is None:
            here = self._everywhere[loop] = self._made()
        self._here, self._loop = here, loop
        if self._told and (self._ears is None or self._ears.is_over):
            self._listen(here)
        return here

    def _made(self) -> Node | Cluster:
        addresses = [place.address for place in self._places]
        if self._cluster:
            return Cluster(addresses, lambda address: self._node(_always(address), str(address)), wait_s=self._wait_s)
        if self._sentinel:
            sentinels = Sentinels([(place.address, place.login) for place in self._places], self._sentinel, wait_s=self._wait_s)
            return self._node(sentinels.primary, self._sentinel)
        return self._node(_always(addresses[0]), str(addresses[0]))

    def _node(self, find: Callable[[], Awaitable[Address]], name: str) -> Node:
        breaker = Breaker(f"Redis {name}", wait_s=self._wait_s, max_waiting=self._max_waiting, failures=self._failures, rest_s=self._rest_s)
        return Node(find, self._login, breaker, wait_s=self._wait_s, evicting=not self.able.keeps)

    def _listen(self, here: Node | Cluster) -> None:
        self._ears = Ears(here.primaries, self._login, self._spaces, self._tell)

    def _tell(self, keys: list[str] | None) -> None:
        for callback in self._told:
            callback(keys)


class _Place(NamedTuple):
    address: Address
    login: Login


def _always(address: Address) -> Callable[[], Awaitable[Address]]:
    async def find() -> Address:
        return address

    return find


def _place(url: str, port: int, tls: ssl.SSLContext | None) -> _Place:
    """Return what a URL says. Raises `ConfigError`."""
    fix = 'write it as "redis://host:6379", or "rediss://" for TLS'
    shown = url.rpartition("@")[2]  # without the password
    parts = urlsplit(url)
    need(parts.scheme in {"redis", "rediss", "valkey", "valkeys"} and parts.hostname, "Redis.nodes", shown, fix)
    need(not parts.query and not parts.fragment, "Redis.nodes", shown, "options are arguments of Redis(), not of the URL")
    database = parts.path.strip("/")
    need(not database or database.isdecimal(), "Redis.nodes", shown, "what follows the host is the number of a database")
    try:
        port = parts.port or port
    except ValueError as failure:
        raise ConfigError("Redis.nodes", shown, fix) from failure
    safe = tls or (ssl.create_default_context() if parts.scheme in {"rediss", "valkeys"} else None)
    user, password = (unquote(part) if part else None for part in (parts.username, parts.password))
    return _Place(Address(parts.hostname or "", port), Login(user, password, int(database or 0), safe))
