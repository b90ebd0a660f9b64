"""One server that answers: its connection, made when it is first needed and when it was lost, and what a new connection says first."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

from buckler.errors import StoreError
from buckler.stores.redis_wire import Link, ServerError, packed
from buckler.stores.redis_words import LOAD, SCRIPT, Said

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable

    from buckler.stores.breaker import Breaker

_MEMORY = packed(("INFO", "memory"))
_ASKING = packed(("ASKING",))
CONNECT_S = 2.0  # for the connection, TLS and the first words; whoever asks meanwhile waits for their own `wait_s` only


class Address(NamedTuple):
    """Where a server listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Login(NamedTuple):
    """How to come in: the same for all servers of a store."""

    username: str | None = None
    password: str | None = None
    database: int = 0
    tls: ssl.SSLContext | None = None

    def first_words(self) -> list[bytes]:
        """Return what a new connection says. RESP3, because only there a server may speak unasked on the same connection."""
        auth = ("AUTH", self.username or "default", self.password) if self.password is not None else ()
        select = [packed(("SELECT", self.database))] if self.database else []
        return [packed(("HELLO", 3, *auth, "SETNAME", "buckler")), *select]


async def connected(
    address: Address, login: Login, *first: bytes, pushed: Callable[[list[Any]], None] | None = None
) -> tuple[Link, list[Any]]:
    """Connect to `address` and say `first`. Returns the connection and the answers, before them what the server is. Raises `StoreError`
    and `OSError`."""
    loop = asyncio.get_running_loop()
    _, link = await loop.create_connection(lambda: Link(loop, pushed), address.host, address.port, ssl=login.tls)
    try:
        answers = [await answer for answer in [link.ask(word) for word in (*login.first_words(), *first)]]
        _need_good(answers, address)
    except BaseException:
        link.end()
        raise
    return link, answers


def _need_good(answers: list[Any], address: Address) -> None:
    for answer in answers:
        if isinstance(answer, ServerError | StoreError):
            raise StoreError(f"{address}: {answer}")
    if not isinstance(answers[0], dict):
        raise StoreError(f"{address} does not speak as Redis 7 does")


class Node:
    """The server that `find` names, whenever a connection is needed. `ask` waits `wait_s` at most, and as long again for a connection.
    `evicting`: whether it may throw out what it has acknowledged."""

    def __init__(
        self, find: Callable[[], Awaitable[Address]], login: Login, breaker: Breaker, *, wait_s: float, evicting: bool = False
    ) -> None:
        self._find, self._login, self._breaker, self._wait_s, self._evicting = find, login, breaker, wait_s, evicting
        self._link: Link | None = None
        self._connecting: asyncio.Task[Link] | None = None
        self.address: Address | None = None  # of the connection

    async def ask(self, said: Said, sent: asyncio.Future[Any] | None = None) -> Any:
        """Return the server's answer, which may be a `ServerError`. `sent`: what `send` returned. Raises `StoreError` where none comes."""
        return await self._breaker.run(lambda: self._ask(said, sent), timed=False)

    def send(self, said: Said) -> asyncio.Future[Any] | None:
        """Send a question before anybody waits for its answer; None, and nothing is sent, where that would have to wait."""
        link = self._link
        if link is None or link.is_lost or not self._breaker.lets_in:
            return None
        return link.ask(said.command)

    async def primaries(self) -> set[Address]:
        """Return the address of the server that is asked now. Raises `StoreError`."""
        if self.address is not None and self._link is not None and not self._link.is_lost:
            return {self.address}
        return {await self._find()}

    async def close(self) -> None:
        if self._connecting is not None:
            self._connecting.cancel()
        if self._link is not None:
            self._link.end()
            await self._link.lost

    def drop(self, why: str) -> None:
        """Give up the connection: the next question makes a new one."""
        if self._link is not None:
            self._link.end(why)

    async def _ask(self, said: Said, sent: asyncio.Future[Any] | None = None) -> Any:
        if sent is None:
            link = self._link
            if link is None or link.is_lost:
                link = await self._connect()
            if said.asking:
                link.ask(_ASKING)  # holds for the next command on this connection
            sent = link.ask(said.command)
        answer = await sent
        if isinstance(answer, Exception):
            if said.script is not None and isinstance(answer, ServerError) and str(answer).startswith("NOSCRIPT"):  # it was flushed
                return await self._ask(Said(packed((b"EVAL", SCRIPT, *said.script)), asking=said.asking))
            if not isinstance(answer, ServerError):
                raise answer
        return answer

    async def _connect(self) -> Link:
        """Connect once for all who wait; it goes on when they have gone, so that a slow connection is there for the next."""
        if self._connecting is None:
            self._connecting = asyncio.create_task(self._connected())
            self._connecting.add_done_callback(self._ended)
        async with asyncio.timeout(self._wait_s):
            return await asyncio.shield(self._connecting)

    def _ended(self, task: asyncio.Task[Link]) -> None:
        self._connecting = None
        if not task.cancelled():
            task.exception()  # whoever waited has it; nobody may have waited

    async def _connected(self) -> Link:
        async with asyncio.timeout(max(CONNECT_S, self._wait_s)):
            address = await self._find()
            link, (server, *_, memory) = await connected(address, self._login, LOAD, _MEMORY)
            try:
                self._judge(address, server, memory)
            except StoreError:
                link.end()
                raise
            link.bound(self._wait_s)
            self._link, self.address = link, address
            return link

    def _judge(self, address: Address, server: dict[bytes, Any], memory: Any) -> None:
        """Raise `StoreError` unless the server is one that may be written to, and that keeps what it is given."""
        if server.get(b"role") != b"master":  # told in the same words by Redis and Valkey
            raise StoreError(f"{address} is not the primary")
        told = dict(line.split(b":", 1) for line in memory.splitlines() if b":" in line) if isinstance(memory, bytes) else {}
        policy = told.get(b"maxmemory_policy", b"noeviction")
        if not self._evicting and policy != b"noeviction" and told.get(b"maxmemory", b"0") != b"0":
            raise StoreError(
                f"{address} throws out what it has acknowledged when it needs room, limits and sessions too: set its maxmemory-policy to "
                f"noeviction (it is {policy.decode('ascii', 'replace')}); a cache may use it, as Redis(evicting=True)"
            )
