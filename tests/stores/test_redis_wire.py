"""One connection to a server that is slow, silent, gone, or lies. It is made by hand here, and speaks over a real socket."""

from __future__ import annotations

import asyncio
import select
import socket
import struct
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from buckler.core.store import Get, Put, Take
from buckler.errors import StoreError
from buckler.stores.redis import Redis
from buckler.stores.redis_node import Address, Login, connected
from buckler.stores.redis_wire import Link, ServerError, packed
from tests.stores.patience import answered
from tests.stores.redis_speech import GREETING, HELLO, WORDS_END, always, greeted, speaking

if TYPE_CHECKING:
    from tests.servers.redis import RedisServer


pytestmark = pytest.mark.usefixtures("patient")


@pytest.mark.parametrize(
    "answer",
    [
        b"hello\r\n",
        b":1\r\n",
        b"*0\r\n",
        b"*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n",
        b"*2\r\n:1\r\n:2\r\n",
        b"%1\r\n*1\r\n:1\r\n:2\r\n",
        b"-ERR no\r\n",
        b">2\r\n$10\r\ninvalidate\r\n_\r\n>1\r\n+x\r\n$1\r\nx\r\n",  # what nobody asked for is not listened to
        b"$-1\r\n",
        b"*2\r\n*0\r\n*0\r\n",
        b"\x00\xff" * 100,
    ],
)
@pytest.mark.parametrize("ops", [[Get("a"), Get("b")], [Put("a", b"", 1), Take("b", 1, 1)], [Take("a", 1, 1)], [Put("a", b"", 1)] * 2])
async def test_a_server_that_lies_is_an_error(answer: bytes, ops: list[Any]) -> None:
    async with greeted(answer) as store:
        with pytest.raises(StoreError):
            await store.batch(ops)


@pytest.mark.parametrize("op", [Get("a"), Put("a", b"", 1), Take("a", 1, 1)])
async def test_a_single_answer_of_the_wrong_kind_is_an_error(op: Any) -> None:
    for answer in (b"*1\r\n:5\r\n", b",1.5\r\n", b"~0\r\n", b"*1\r\n$25\r\n" + b"\x01" + b"\xff" * 24 + b"\r\n"):
        async with greeted(answer) as store:
            with pytest.raises(StoreError):
                await store.batch([op])


@pytest.mark.parametrize(
    "greeting", [b":1\r\n:2\r\n:3\r\n", b"-NOAUTH no\r\n" * 3, b"", HELLO.replace(b"master", b"replic") + b":1\r\n:2\r\n"]
)
async def test_a_server_that_greets_wrongly_is_an_error(greeting: bytes) -> None:
    async def speech(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(WORDS_END)
        writer.write(greeting)

    async with speaking(speech) as port:
        store = Redis(f"redis://127.0.0.1:{port}", wait_s=5)
        with pytest.raises(StoreError):
            await store.batch([Get("a")])
        await store.close()


async def test_more_answers_than_questions_end_the_connection() -> None:
    async with greeted(b"$1\r\na\r\n$1\r\nb\r\n") as store:
        assert await store.batch([Get("a")]) == [b"a"]
        node: Any = store._here
        assert node._link.is_lost  # "b" is nobody's
        assert await store.batch([Get("a")]) == [b"a"]  # on a new connection


async def test_an_answer_without_end_ends_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("buckler.stores.redis_wire._MAX_ANSWER_BYTES", 1000)
    async with greeted(b"$100000\r\n" + b"x" * 2000) as store:
        with pytest.raises(StoreError, match="without end"):
            await store.batch([Get("a")])


async def test_a_silent_server_is_an_error_in_bounded_time_and_the_connection_is_given_up() -> None:
    async with greeted(b"", wait_s=0.08, failures=1000) as store:
        link: Link | None = None
        while link is None:  # to connect may take longer than it waits
            with pytest.raises(StoreError, match=r"no answer in 0\.08 s"):
                await store.batch([Get("a")])
            node: Any = store._here
            link = node._link
        if not link.is_lost:  # nobody has asked over it yet
            with pytest.raises(StoreError, match=r"no answer in 0\.08 s"):
                await store.batch([Get("a")])
        assert link.is_lost


async def test_a_slow_answer_is_late_for_one_and_the_others_keep_theirs() -> None:
    """The connection is not silent: a large answer is on its way."""

    async def speech(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(WORDS_END)
        writer.write(GREETING)
        while line := await reader.readline():
            if line == b"bk:v:slow\r\n":
                writer.write(b"$1000\r\n")
                for _ in range(50):
                    writer.write(b"x" * 20)
                    await asyncio.sleep(0.01)
                writer.write(b"\r\n")
            elif line == b"bk:v:quick\r\n":
                writer.write(b"$5\r\nquick\r\n")

    async with speaking(speech) as port:
        store = Redis(f"redis://127.0.0.1:{port}", wait_s=0.2, failures=1000)
        assert await answered(store, [Get("quick")]) == [b"quick"]  # to connect may take longer than it waits
        with pytest.raises(StoreError, match="no answer"):
            await store.batch([Get("slow")])
        assert await answered(store, [Get("quick")]) == [b"quick"]  # never the answer to the question before
        await store.close()


async def test_nobody_gets_the_answer_to_the_question_of_somebody_who_has_gone() -> None:
    """CVE-2023-28858: redis-py before 4.5.4 gave it to the next one who asked on that connection."""

    async def speech(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(WORDS_END)
        writer.write(GREETING)
        while line := await reader.readline():
            if line.startswith(b"bk:v:"):
                await asyncio.sleep(0.01)
                value = line.strip().removeprefix(b"bk:v:")
                writer.write(b"$%d\r\n%s\r\n" % (len(value), value))

    async with speaking(speech) as port:
        store = Redis(f"redis://127.0.0.1:{port}", wait_s=30)
        await store.batch([Get("first")])
        tasks = [asyncio.create_task(store.batch([Get(f"k{number}")])) for number in range(40)]
        await asyncio.sleep(0.02)
        for task in tasks[::2]:
            task.cancel()
        for number, found in enumerate(await asyncio.gather(*tasks, return_exceptions=True)):
            cancelled = isinstance(found, asyncio.CancelledError)
            assert cancelled or found == [f"k{number}".encode()]
            assert cancelled or number % 2 or number < 10  # some had their answer before
        await store.close()


async def test_questions_of_one_moment_are_one_write() -> None:
    packets: list[bytes] = []

    async def speech(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(WORDS_END)
        writer.write(GREETING)
        while packet := await reader.read(65536):
            packets.append(packet)
            writer.write(b"$1\r\nx\r\n" * packet.count(b"GET"))

    async with speaking(speech) as port:
        store = Redis(f"redis://127.0.0.1:{port}", wait_s=30)
        await store.batch([Get("a")])
        packets.clear()
        await asyncio.gather(*(store.batch([Get("a")]) for _ in range(50)))
        assert sum(packet.count(b"GET") for packet in packets) == 50
        assert len(packets) <= 2  # the first goes at once
        await store.close()


async def test_a_connection_that_ends_fails_those_who_wait_and_is_made_anew() -> None:
    connections = 0

    async def speech(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(WORDS_END)
        writer.write(GREETING)
        await reader.readuntil(b"GET")
        if connections > 1:
            writer.write(b"$1\r\nx\r\n")
            await reader.read()

    async with speaking(speech) as port:
        store = Redis(f"redis://127.0.0.1:{port}", wait_s=30)
        failed = await asyncio.gather(*(store.batch([Get("a")]) for _ in range(3)), return_exceptions=True)
        assert all(isinstance(failure, StoreError) for failure in failed)
        assert await store.batch([Get("a")]) == [b"x"]
        assert connections == 2
        await store.close()


async def test_a_process_that_was_busy_does_not_blame_the_server(redis_server: RedisServer) -> None:
    """The answer came while this process computed for longer than it wants to wait."""
    store = Redis(redis_server.url, wait_s=0.05)
    await answered(store, [Get("a")])  # to connect may take longer than it waits
    node: Any = store._here
    link: Link = node._link
    wire: socket.socket = link._transport.get_extra_info("socket")
    asked = asyncio.create_task(store.batch([Get("a")]))
    for _ in range(2):
        await asyncio.sleep(0)
    assert link._watching is not None
    link._watching.cancel()
    time.sleep(0.2)  # noqa: ASYNC251  # that is the point
    if not asked.done():
        assert select.select([wire], [], [], 60)[0]
    link._watch()  # as uvloop does: the clock before the sockets
    assert await asked == [None]
    assert not link.is_lost
    await store.close()


async def test_a_call_that_finds_a_connection_just_lost_is_an_error() -> None:
    async with greeted(b"$1\r\nx\r\n") as store:
        await store.batch([Get("a")])
        node: Any = store._here
        link: Link = node._link
        link.end("over")
        assert isinstance(await link.ask(packed(("PING",))), StoreError)
        link._send()  # nothing is left to send
        assert await store.batch([Get("a")]) == [b"x"]


async def test_connecting_is_bounded_and_goes_on_for_the_next() -> None:
    """A server that accepts and says nothing for a while."""
    go, connections = asyncio.Event(), 0

    async def speech(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(WORDS_END)
        await go.wait()
        writer.write(GREETING)
        while await reader.read(65536):
            writer.write(b"$1\r\nx\r\n")

    async with speaking(speech) as port:
        store = Redis(f"redis://127.0.0.1:{port}", wait_s=0.05)
        with pytest.raises(StoreError, match="no answer in"):
            await store.batch([Get("a")])
        go.set()
        node: Any = store._here
        link: Link = await node._connecting
        link.bound(30)
        assert await store.batch([Get("a")]) == [b"x"]
        assert connections == 1
        await store.close()


async def test_a_store_that_is_closed_while_it_connects() -> None:
    async with speaking(always(b"")) as port:
        store = Redis(f"redis://127.0.0.1:{port}", wait_s=0.02)
        with pytest.raises(StoreError):
            await store.batch([Get("a")])
        await store.close()


async def test_what_the_first_words_find_wrong_is_told() -> None:
    async with speaking(always(b"-WRONGPASS invalid username-password pair\r\n-NOAUTH Authentication required.\r\n")) as port:
        with pytest.raises(StoreError, match="WRONGPASS"):
            await connected(Address("127.0.0.1", port), Login("buckler", "wrong", 3))
    assert str(ServerError("x")) == "x"


async def test_a_connection_that_is_reset_is_an_error_with_its_reason() -> None:
    async def speech(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(WORDS_END)
        writer.write(GREETING)
        await reader.readuntil(b"GET")
        raw: socket.socket = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    async with speaking(speech) as port:
        store = Redis(f"redis://127.0.0.1:{port}", wait_s=30)
        with pytest.raises(StoreError, match=r"the connection was lost: .*reset"):
            await store.batch([Get("a")])
        await store.close()


def test_without_the_library_it_says_which_extra() -> None:
    code = "import sys; sys.modules['hiredis'] = None; import buckler.stores.redis"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert 'run `pip install "buckler[redis]"`' in done.stderr
