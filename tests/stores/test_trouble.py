"""What every store does when it is offline, slow, lying, full or started again: it says so, soon, and goes on by itself afterwards."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from buckler.core.store import Add, Drop, Get, Put, Take, able
from buckler.errors import StoreError
from buckler.stores.memcached import Memcached
from buckler.stores.postgresql import PostgreSQL
from buckler.stores.redis import Redis
from tests.calm import hang_up, nobody
from tests.servers.memcached import MemcachedServer
from tests.servers.postgresql import PostgresqlServer
from tests.servers.program import HOST
from tests.servers.redis import RedisServer, valkey_program
from tests.stores.patience import answered, fill, going_on

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from buckler.core.store import Op, Store

pytestmark = pytest.mark.usefixtures("patient")

PATIENT: dict[str, Any] = {"wait_s": 30.0}  # a busy machine is no failure
HASTY: dict[str, Any] = {"wait_s": 0.3, "rest_s": 0.01}  # enough to connect to PostgreSQL on a busy machine, at some try


def _redis(port: int, **options: Any) -> Store:
    return Redis(f"redis://{HOST}:{port}", **options)


def _cluster(port: int, **options: Any) -> Store:
    return Redis(f"redis://{HOST}:{port}", cluster=True, **options)


def _postgresql(port: int, **options: Any) -> Store:
    return PostgreSQL(f"postgresql://buckler@{HOST}:{port}/postgres", **options)


def _memcached(port: int, **options: Any) -> Store:
    return Memcached(f"{HOST}:{port}", **options)


class Kind(NamedTuple):
    """A server, one that is soon full, and a store on it."""

    begin: Callable[[], Any]
    begin_small: Callable[[], Any]
    make: Callable[..., Store]
    keeps: bool = True


class SmallPostgresql(PostgresqlServer):
    """Its files may be no longer than 20 MB, as on a disk that is full. One segment of its log is 16."""

    def command(self) -> Sequence[str]:
        return ["prlimit", f"--fsize={20 << 20}", *super().command()]


KINDS: dict[str, Kind] = {
    "redis": Kind(RedisServer, lambda: RedisServer("--maxmemory", "4mb", "--maxmemory-policy", "noeviction"), _redis),
    "valkey": Kind(
        lambda: RedisServer(program=valkey_program),
        lambda: RedisServer("--maxmemory", "4mb", "--maxmemory-policy", "noeviction", program=valkey_program),
        _redis,
    ),
    "postgresql": Kind(PostgresqlServer, SmallPostgresql, _postgresql),
    "memcached": Kind(MemcachedServer, lambda: MemcachedServer("-I", "128k", "-o", "slab_chunk_max=65536"), _memcached, keeps=False),
}
MAKERS: dict[str, Callable[..., Store]] = {"redis": _redis, "cluster": _cluster, "postgresql": _postgresql, "memcached": _memcached}

servers = pytest.mark.parametrize("kind", list(KINDS.values()), ids=list(KINDS))
makers = pytest.mark.parametrize("make", list(MAKERS.values()), ids=list(MAKERS))


def every_op(store: Store) -> list[list[Op]]:
    batches: list[list[Op]] = [[Get("o")], [Put("o", b"1", 60)], [Add("o", b"1", 60), Drop("o")], [Get("o"), Get("p")]]
    return batches + [[Take("q", 1, 60)]] * (Take in able(store).ops)


@makers
async def test_offline(make: Callable[..., Store]) -> None:
    with nobody() as port:
        store = make(port, **HASTY)
        for ops in every_op(store):
            with pytest.raises(StoreError):
                await store.batch(ops)
        async with going_on():
            answers = await asyncio.gather(*(store.batch([Get("k")]) for _ in range(200)), return_exceptions=True)
        assert {type(answer) for answer in answers} == {StoreError}
        await store.close()


async def test_offline_at_first(tmp_path: Path) -> None:
    """An application starts before its store, and finds it when it is there."""
    server = RedisServer()
    store = _redis(server.port, wait_s=0.5, rest_s=0.01)
    with pytest.raises(StoreError):
        await store.batch([Get("k")])
    with server:
        assert await answered(store, [Get("k")]) == [None]
        await store.close()


@servers
async def test_slow(kind: Kind) -> None:
    with kind.begin() as server:
        patient, hasty = kind.make(server.port, **PATIENT), kind.make(server.port, **HASTY)
        await patient.batch([Put("k", b"1", 600)])
        await answered(hasty, [Get("k")])
        server.pause()
        async with going_on():
            for ops in every_op(hasty) * 3:
                with pytest.raises(StoreError):
                    await hasty.batch(ops)
            answers = await asyncio.gather(*(hasty.batch([Get("k")]) for _ in range(500)), return_exceptions=True)
            assert {type(answer) for answer in answers} == {StoreError}
        waiting = asyncio.create_task(patient.batch([Get("k")]))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        server.resume()
        assert await waiting == [b"1"]  # slow is not dead: whoever has the patience is answered
        assert await answered(hasty, [Get("k")]) == [b"1"]
        await asyncio.gather(patient.close(), hasty.close())


@servers
async def test_whoever_goes_away_leaves_the_answers_of_the_others_alone(kind: Kind) -> None:
    """redis-py's CVE-2023-28858: the answer to a question that was cancelled went to the next one who asked."""
    with kind.begin() as server:
        store = kind.make(server.port, **PATIENT)
        await store.batch([Put(f"k{number}", b"%d" % number, 600) for number in range(50)])
        for _ in range(20):
            asked = [asyncio.create_task(store.batch([Get(f"k{number}")])) for number in range(50)]
            await asyncio.sleep(0)
            for task in asked[::2]:
                task.cancel()
            answers = await asyncio.gather(*asked, return_exceptions=True)
            assert answers[1::2] == [[b"%d" % number] for number in range(1, 50, 2)]
        assert await store.batch([Get("k7")]) == [b"7"]
        await store.close()


LIES = {
    "nothing": b"",
    "words": b"hello\r\n",
    "zeros": b"\0" * 5000,
    "a web server": b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
    "a length that is none": b"VA -1\r\n$-7\r\n*-3\r\nE\xff\xff\xff\xff",
    "too much": b":1\r\nHD\r\n" * 50,
    "half": b"VA 10\r\nab",
    "noise": bytes((number * 7919 + 13) % 251 for number in range(4000)),
}


@asynccontextmanager
async def lying(lie: bytes, *, stays: bool) -> AsyncIterator[int]:
    """A server that answers `lie` to whatever it is asked, and hangs up unless it `stays`; yields its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.read(65_536) and lie:
                writer.write(lie)
                if not stays:
                    break
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, HOST, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        await hang_up(server)


@makers
@pytest.mark.parametrize("lie", list(LIES.values()), ids=list(LIES))
@pytest.mark.parametrize("stays", [True, False])
async def test_lying(make: Callable[..., Store], lie: bytes, stays: bool) -> None:
    async with lying(lie, stays=stays) as port, going_on():
        store = make(port, wait_s=0.1, failures=100)
        for ops in every_op(store):
            with pytest.raises(StoreError):
                await store.batch(ops)
        await store.close()


@servers
async def test_full(kind: Kind) -> None:
    with kind.begin_small() as server:
        store = kind.make(server.port, **PATIENT)
        await store.batch([Put("first", b"1", 600)])
        with pytest.raises(StoreError):
            await fill(store)
        assert await store.batch([Get("first")]) == [b"1"]
        assert await store.batch([Drop("first"), Get("first")]) == [True, None]
        await store.close()


@servers
@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_restarted(kind: Kind, end: str) -> None:
    with kind.begin() as server:
        store = kind.make(server.port, rest_s=0.01, **PATIENT)
        await store.batch([Put("k", b"1", 600)])
        getattr(server, end)()
        with pytest.raises(StoreError):
            await store.batch([Get("k")])
        server.start()
        assert await answered(store, [Get("k")]) == [b"1" if kind.keeps else None]
        for ops in every_op(store):
            await answered(store, ops)
        await store.close()
