"""State of all machines, in the PostgreSQL (14 or newer) that the application has anyway.

A batch is one round trip: one call of a function, by the server's clock; a batch of reads alone is one SELECT. Whoever writes holds a
lock for each of its keys until the end, taken in one order: a limit is exact, and nobody waits in a circle. Values survive a crash of the
server; quotas live in an unlogged table, and are whole again after one. Nobody waits for longer than `wait_s` (`stores.breaker`).

The tables and functions (`postgresql.sql`) are made at the first call. Where the application's role may not create them, its owner runs
what `setup_sql()` returns, and grants USAGE on the schema and SELECT, INSERT, UPDATE, DELETE on its tables. Behind PgBouncer, name
`statement_timeout` in its `ignore_startup_parameters`.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from buckler.core.options import need, need_positive
from buckler.core.store import Able, Add, Drop, Get, Op, Put, Reach, Replace, Reply, Take, Taken
from buckler.errors import MissingExtraError
from buckler.stores.breaker import Breaker

try:
    import asyncpg
except ImportError as failure:
    raise MissingExtraError("the store PostgreSQL", "postgresql") from failure

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

T = TypeVar("T")

_KINDS: dict[type, int] = {Get: 0, Put: 1, Add: 2, Replace: 3, Drop: 4, Take: 5}
_FOLLOWS, _SPENT = 8, 16
_CONNECT_S = 10.0  # names, TLS and the first words; whoever asks meanwhile waits for their own `wait_s` only
_SWEEP_WRITES, _SWEEP_S = 500, 5.0  # a sweep looks at some thousand rows
_READ = 'SELECT key, value FROM "{schema}".kept_1 WHERE key = ANY($1) AND until_s > extract(epoch FROM clock_timestamp())'
_CALL = 'SELECT * FROM "{schema}".batch_1($1, $2, $3, $4, $5, $6, $7)'
_SETUP_LOCK = 0x6275636B6C6572  # "buckler": two that make one schema at the same moment would fail


class PostgreSQL:
    """Keeps state in the database at `url`, `postgresql://[user:password@]host[:port]/database`, in a schema of its own.

    Several hosts may be named, with `?target_session_attrs=read-write`. `max_connections`: for each process, opened when they are needed.
    `wait_s`, `max_waiting`, `failures`, `rest_s`: see `stores.breaker`. Raises `ConfigError`.
    """

    able = Able(Reach.NETWORK)

    def __init__(  # noqa: PLR0913  # where it is, and how long to wait; all but the first have a default
        self,
        url: str,
        *,
        schema: str = "buckler",
        max_connections: int = 8,
        wait_s: float = 0.25,
        max_waiting: int = 1024,
        failures: int = 5,
        rest_s: float = 1.0,
    ) -> None:
        parts = urlsplit(url)
        shown = parts.netloc.rpartition("@")[2] + parts.path  # without the password
        need(parts.scheme in {"postgresql", "postgres"}, "PostgreSQL.url", shown, 'write it as "postgresql://host/database"')
        _need_name(schema)
        need_positive(self, max_connections=max_connections, wait_s=wait_s, max_waiting=max_waiting, failures=failures, rest_s=rest_s)
        self._url, self._schema, self._max_connections = url, schema, max_connections
        self._breaker = Breaker(
            f"PostgreSQL {shown}",
            wait_s=wait_s,
            max_waiting=max_waiting,
            failures=failures,
            rest_s=rest_s,
            answered=(asyncpg.PostgresError,),
        )
        self._connect_s = max(_CONNECT_S, wait_s)
        self._timeout_ms = str(max(1, int(2000 * wait_s)))  # a statement that nobody waits for any more ends, and gives its locks back
        self._pools: WeakKeyDictionary[asyncio.AbstractEventLoop, _Pool] = WeakKeyDictionary()
        self._read, self._call = _READ.replace("{schema}", schema), _CALL.replace("{schema}", schema)
        self._writes = 0

    async def batch(self, ops: list[Op]) -> list[Reply]:
        """Do all `ops`, all or none, in one round trip."""
        if not ops:
            return []
        names = [_name(op.key) for op in ops]
        if all(type(op) is Get for op in ops):
            rows = await self._breaker.run(lambda: self._pool().run(lambda connection: connection.fetch(self._read, names)))
            known = {row[0]: row[1] for row in rows}
            return [known.get(name) for name in names]
        given = _arguments(ops, names)
        rows = await self._breaker.run(lambda: self._pool().run(lambda connection: connection.fetch(self._call, *given)))
        self._writes += 1
        if self._writes >= _SWEEP_WRITES:
            self._writes = 0
            self._pool().sweep_soon()
        return [_meant(op, row) for op, row in zip(ops, rows, strict=True)]

    async def close(self) -> None:
        pool = self._pools.pop(asyncio.get_running_loop(), None)
        if pool is not None:
            pool.close()

    def _pool(self) -> _Pool:
        """Connections cannot move from one event loop to another (a test's, a forked worker's)."""
        loop = asyncio.get_running_loop()
        pool = self._pools.get(loop)
        if pool is None:
            pool = self._pools[loop] = _Pool(self._connect, self._max_connections, self._schema)
        return pool

    async def _connect(self) -> Any:
        settings = {"application_name": "buckler", "statement_timeout": self._timeout_ms}
        return await asyncpg.connect(self._url, server_settings=settings, timeout=self._connect_s)


class _Pool:
    """At most so many connections. Deliberately not asyncpg's own, which asks the server to reset each connection: a second round trip."""

    def __init__(self, connect: Callable[[], Coroutine[Any, Any, Any]], most: int, schema: str) -> None:
        self._connect, self._schema = connect, schema
        self._free: list[Any] = []
        self._coming: list[asyncio.Task[Any]] = []  # connections that somebody has given up waiting for
        self._permits = asyncio.Semaphore(most)
        self._made: asyncio.Task[None] | None = None  # the tables
        self._sweeping: asyncio.Task[None] | None = None

    async def run(self, use: Callable[[Any], Awaitable[T]]) -> T:
        """Return what `use` does with a connection. One that did not come to its end is closed: its answer is still on the way."""
        async with self._permits:
            await self._prepared()
            connection = await self._one()
            try:
                found = await use(connection)
            except asyncpg.PostgresError as failure:
                if not _goes_on(failure):
                    connection.terminate()
                    raise ConnectionError(str(failure)) from failure
                self._free.append(connection)
                raise
            except BaseException:
                connection.terminate()
                raise
            self._free.append(connection)
            return found

    async def _one(self) -> Any:
        """Making a connection may take longer than anybody waits, so it goes on, and is there for whoever comes next."""
        self._free += self._arrived()
        while self._free:
            connection = self._free.pop()
            if not connection.is_closed():
                return connection
        coming = self._coming.pop() if self._coming else asyncio.create_task(self._connect())
        try:
            return await asyncio.shield(coming)
        except asyncio.CancelledError:
            self._coming.append(coming)
            raise

    def _arrived(self) -> list[Any]:
        done = [task for task in self._coming if task.done()]
        self._coming = [task for task in self._coming if task not in done]
        return [task.result() for task in done if task.exception() is None]

    async def _prepared(self) -> None:
        """Make the tables where there are none. It may take longer than anybody waits, so it goes on without whoever began it."""
        made = self._made
        if made is None or (made.done() and (made.cancelled() or made.exception())):
            made = self._made = asyncio.create_task(self._prepare())
        if not made.done():
            await asyncio.shield(made)

    async def _prepare(self) -> None:
        connection = await self._connect()
        try:
            if await connection.fetchval("SELECT to_regproc($1) IS NULL", f'"{self._schema}".sweep_1'):
                await connection.execute("SET statement_timeout = '30s'")
                async with connection.transaction():
                    await connection.execute("SELECT pg_advisory_xact_lock($1)", _SETUP_LOCK)
                    await connection.execute(setup_sql(self._schema))
        finally:
            connection.terminate()

    def sweep_soon(self) -> None:
        """Drop some of what has expired, in the background."""
        if self._sweeping is None or self._sweeping.done():
            self._sweeping = asyncio.create_task(self._sweep())

    async def _sweep(self) -> None:
        with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):  # whatever it is, the next batch meets it too
            await asyncio.wait_for(self.run(lambda connection: connection.fetch(f'SELECT "{self._schema}".sweep_1()')), _SWEEP_S)

    def close(self) -> None:
        for connection in (*self._free, *self._arrived()):
            connection.terminate()
        for task in (self._made, self._sweeping, *self._coming):
            if task is not None:
                task.cancel()
        self._free.clear()
        self._coming.clear()


def _goes_on(failure: asyncpg.PostgresError) -> bool:
    """Whether the connection is of use after it: the server lives, and is still the primary."""
    return getattr(failure, "severity_en", "") == "ERROR" and not isinstance(failure, asyncpg.ReadOnlySQLTransactionError)


def setup_sql(schema: str = "buckler") -> str:
    """Return the statements that make what the store needs. Raises `ConfigError` for a name that is none."""
    _need_name(schema)
    return _sql().replace("{schema}", schema)


@cache
def _sql() -> str:
    return files("buckler.stores").joinpath("postgresql.sql").read_text("utf-8")


def _need_name(schema: str) -> None:
    good = re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", schema, re.ASCII)
    need(good, "PostgreSQL.schema", schema, "use up to 63 small letters, digits and `_`, not beginning with a digit")


def _name(key: str) -> bytes:
    """The key as bytes: text of PostgreSQL's has no NUL."""
    return key.encode("utf-8", "surrogatepass")


def _arguments(ops: list[Op], names: list[bytes]) -> tuple[list[Any], ...]:
    """The operations as columns, and the locks of those that write."""
    columns: tuple[list[Any], ...] = ([], [], [], [], [])
    locks = set()
    for op, name in zip(ops, names, strict=True):
        kind, value, time_s, limit, cost = _KINDS[type(op)], None, 0.0, 1.0, 0.0
        if isinstance(op, Take):
            kind += _FOLLOWS * op.follows + _SPENT * op.spent
            time_s, limit, cost = float(op.period_s), float(op.limit), float(op.cost)
        elif isinstance(op, (Put, Add, Replace)):
            value, time_s = op.value, float(op.ttl_s)
        if not isinstance(op, Get):
            locks.add(int.from_bytes(blake2b(name, digest_size=8, person=b"quota" if kind & 7 == 5 else b"kept").digest(), signed=True))
        for column, item in zip(columns, (kind, value, time_s, limit, cost), strict=True):
            column.append(item)
    return (columns[0], names, *columns[1:], sorted(locks))


def _meant(op: Op, row: Any) -> Reply:
    if isinstance(op, Take):
        return Taken(row[1], row[2], row[3], row[4])
    found: Reply = row[0] if isinstance(op, Get) else row[1]
    return found
