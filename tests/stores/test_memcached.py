"""Memcached: what it may be used for, where a key lives, what a server may say, and that nobody gets the answer to another question."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from buckler.core.store import Add, Drop, Get, Put, Replace, Take, able
from buckler.errors import ConfigError, StoreError
from buckler.guard import Guard
from buckler.stores.memcached import Memcached
from buckler.stores.memcached_wire import Said
from buckler.testing import SECRET
from tests.asgi import Wire
from tests.calm import hang_up
from tests.servers.memcached import MemcachedServer
from tests.servers.program import HOST

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from buckler.core.store import Op

PATIENT: dict[str, Any] = {"wait_s": 30.0}


def _address(server: MemcachedServer) -> str:
    return f"{HOST}:{server.port}"


async def test_it_is_no_store_for_a_guard() -> None:
    store = Memcached("localhost")
    assert Take not in able(store).ops
    assert not able(store).keeps
    with pytest.raises(ConfigError, match=r"Guard\.store"):
        Guard(Wire, hosts=["shop.example"], secrets=[SECRET], store=store)
    with pytest.raises(StoreError, match="cannot count"):
        await store.batch([Take("q", 1, 60)])


async def test_a_key_lives_on_one_server_and_stays_there() -> None:
    with MemcachedServer() as first, MemcachedServer() as second:
        both = Memcached(_address(first), _address(second), _address(first), **PATIENT)
        keys = [f"k{number}" for number in range(60)]
        await both.batch([Put(key, key.encode(), 600) for key in keys])
        assert await both.batch([Get(key) for key in keys]) == [key.encode() for key in keys]
        assert await both.batch([]) == []
        alone = [Memcached(_address(server), **PATIENT) for server in (first, second)]
        counts = [sum(reply is not None for reply in await one.batch([Get(key) for key in keys])) for one in alone]
        assert sum(counts) == 60
        assert min(counts) > 10
        second.kill()
        homes = [both._home(key) for key in keys]
        assert sum(home is both._nodes[0] for home in homes) == counts[0]
        with pytest.raises(StoreError):
            await both.batch([Get(key) for key in keys])
        await asyncio.gather(both.close(), *(one.close() for one in alone))


async def test_what_is_too_large_is_an_error_and_the_connection_goes_on(memcached_server: MemcachedServer) -> None:
    store = Memcached(_address(memcached_server), prefix="large", failures=2, **PATIENT)
    for _ in range(4):
        with pytest.raises(StoreError, match="too large"):
            await store.batch([Put("k", b"x" * (2 << 20), 60), Put("other", b"1", 60)])
    assert await store.batch([Get("k"), Get("other")]) == [None, b"1"]
    await store.close()


async def test_nobody_can_write_a_command_into_a_key_or_a_value(memcached_server: MemcachedServer) -> None:
    store = Memcached(_address(memcached_server), prefix="inject", **PATIENT)
    await store.batch([Put("victim", b"1", 600)])
    evil = ["x v\r\nmd inject=victim", "x\r\nflush_all\r\n", "x" * 300 + "\r\n", "a b"]
    await store.batch([Put(key, b"\r\nmd inject=victim\r\n", 600) for key in evil])
    assert await store.batch([Get(key) for key in evil]) == [b"\r\nmd inject=victim\r\n"] * 4
    assert await store.batch([Get("victim")]) == [b"1"]
    await store.close()


async def test_a_long_life_is_a_month(memcached_server: MemcachedServer) -> None:
    store = Memcached(_address(memcached_server), prefix="long", **PATIENT)
    await store.batch([Put("k", b"1", 40 * 86_400)])
    left_s = int(memcached_server.ask("mg long=k t").removeprefix("HD t"))
    assert 0 <= 30 * 86_400 - left_s < 600  # its clock may tick between the two
    await store.close()


@asynccontextmanager
async def saying(*answers: bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """A server that says one answer after the other, one for each packet, and nothing after the last."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            for answer in answers:
                await reader.read(65_536)
                for part in (answer[:7], answer[7:]):  # a packet may end anywhere
                    writer.write(part)
                    await writer.drain()
                    await asyncio.sleep(0.001)
            await reader.read(65_536)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, HOST, 0, ssl=tls)
    try:
        yield f"{HOST}:{server.sockets[0].getsockname()[1]}"
    finally:
        await hang_up(server)


@pytest.mark.parametrize(
    ("ops", "answer", "replies"),
    [
        ([Get("k")], b"VA 12\r\nEN\r\nHD\r\nabcd\r\n", [b"EN\r\nHD\r\nabcd"]),
        ([Get("k"), Get("l")], b"EN\r\nVA 0 f0 s0\r\n\r\n", [None, b""]),
        ([Add("k", b"", 1), Add("l", b"", 1)], b"HD\r\nNS \r\n", [True, False]),
        ([Replace("k", b"", 1), Drop("k"), Drop("l")], b"NS\r\nNF\r\nHD\r\n", [False, False, True]),
    ],
)
async def test_answers_in_pieces(ops: Sequence[Op], answer: bytes, replies: list[object]) -> None:
    async with saying(answer) as address:
        store = Memcached(address, **PATIENT)
        assert await store.batch(list(ops)) == replies
        await store.close()


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"VA 3\r\nabcdef\r\n", "another length"),
        (b"VA -3\r\nabc\r\n", "a length that is none"),
        (b"VA 99999999999999\r\n", "a length that is none"),
        (b"VA 999999999\r\n", "a length that is none"),
        (b"VA x\r\nabc\r\n", "a length that is none"),
        (b"HD\r\n", "what Memcached does not"),
        (b"NS\r\n", "what Memcached does not"),
        (b"ENX\r\n", "what Memcached does not"),
        (b"\r\n", "what Memcached does not"),
        (b"CLIENT_ERROR bad command line format\r\n", "what Memcached does not"),
        (b"ERROR\r\n", "what Memcached does not"),
        (b"x" * 3000, "a line without an end"),
        (b"SERVER_ERROR out of memory\r\n", "out of memory"),
        (b"", "no answer in"),
    ],
)
async def test_lies(answer: bytes, message: str) -> None:
    async with saying(answer) as address:
        store = Memcached(address, wait_s=30.0 if answer else 0.3)
        with pytest.raises(StoreError, match=message):
            await store.batch([Get("k")])
        await store.close()


async def test_more_than_was_asked_ends_the_connection() -> None:
    async with saying(b"EN\r\nVA 1\r\nx\r\n") as address:
        store = Memcached(address, **PATIENT)
        for _ in range(3):
            assert await store.batch([Get("k")]) == [None]
            link = store._nodes[0]._links[asyncio.get_running_loop()]
            async with asyncio.timeout(30):
                while not link.is_lost:  # noqa: ASYNC110  # nobody tells
                    await asyncio.sleep(0.001)
        with pytest.raises(StoreError, match="nobody asked"):
            await link.ask([Said(b"mg k v\r\n", Get)])
        await store.close()


async def test_an_answer_that_comes_late_is_nobody_elses(memcached_server: MemcachedServer) -> None:
    store = Memcached(_address(memcached_server), prefix="late", **PATIENT)
    await store.batch([Put(f"k{number}", b"%d" % number, 600) for number in range(100)])
    gone = [asyncio.create_task(store.batch([Get(f"k{number}")])) for number in range(100)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    for task in gone[:90]:
        task.cancel()
    assert await store.batch([Get("k7"), Get("k8")]) == [b"7", b"8"]
    assert await asyncio.gather(*gone[90:]) == [[b"%d" % number] for number in range(90, 100)]
    await store.close()


async def test_whoever_waits_when_it_is_closed_is_told(memcached_server: MemcachedServer) -> None:
    with MemcachedServer() as server:
        store = Memcached(_address(server), **PATIENT)
        await store.batch([Get("k")])
        server.pause()
        waiting = [asyncio.create_task(store.batch([Get("k")])) for _ in range(3)]
        await asyncio.sleep(0.01)
        waiting[0].cancel()
        await asyncio.sleep(0)
        await store.close()
        ends = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(end) for end in ends] == [asyncio.CancelledError, StoreError, StoreError]


async def test_tls() -> None:
    authority = trustme.CA()
    there, here = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    authority.issue_cert(HOST).configure_cert(there)
    async with saying(b"EN\r\n", tls=there) as address:
        stranger = Memcached(address, tls=here, **PATIENT)
        with pytest.raises(StoreError, match=r"[Cc]ertificate"):
            await stranger.batch([Get("k")])
        authority.configure_trust(here)
        store = Memcached(address, tls=here, **PATIENT)
        assert await store.batch([Get("k")]) == [None]
        await store.close()


@pytest.mark.parametrize(
    ("nodes", "options", "message"),
    [
        ([], {}, "at least one"),
        (["http://host"], {}, '"host:11211"'),
        (["host:0"], {}, '"host:11211"'),
        (["host:99999"], {}, '"host:11211"'),
        (["host"], {"prefix": "a b"}, r"Memcached\.prefix"),
        (["host"], {"prefix": ""}, r"Memcached\.prefix"),
        (["host"], {"wait_s": -1}, r"Memcached\.wait_s"),
    ],
)
def test_options_that_cannot_work_stop_the_start(nodes: list[str], options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Memcached(*nodes, **options)


@pytest.mark.parametrize(
    ("node", "place"),
    [("host", ("host", 11211)), ("memcached://host:1/", ("host", 1)), ("[::1]:2", ("::1", 2)), ("127.0.0.1", ("127.0.0.1", 11211))],
)
def test_addresses(node: str, place: tuple[str, int]) -> None:
    (found,) = Memcached(node)._nodes
    assert (found._host, found._port) == place
