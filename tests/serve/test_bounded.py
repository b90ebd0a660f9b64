"""The three limits that uvicorn's protocol lacks, on a real socket."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
from uvicorn import Config, Server

from buckler.serve.bounded import bounded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HOST = b"GET / HTTP/1.1\r\nHost: a\r\n"
_PIECES = 500  # 32 MiB: more than the sockets of both sides hold
CLOSING = HOST + b"Connection: close\r\n\r\n"


PATIENT_S = 60.0  # for what comes for certain: the machine may have other things to do


class Timers:
    """The event loop, but its timers are kept, and ring when they are told to."""

    def __init__(self) -> None:
        self._loop, self.kept = asyncio.get_running_loop(), list[asyncio.TimerHandle]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)

    def call_later(self, delay_s: float, call: Any, *given: Any) -> asyncio.TimerHandle:
        self.kept.append(asyncio.TimerHandle(self._loop.time() + delay_s, call, given, self._loop))
        return self.kept[-1]

    def ring(self) -> None:
        for timer in self.kept:
            if not timer.cancelled():
                timer._run()


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        scope["state"]["timers"].ring()
        await send({"type": "websocket.send", "text": "still here"})
        await send({"type": "websocket.close", "code": 1000})
        return
    if scope["path"] == "/large":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(_PIECES):
            await send({"type": "http.response.body", "body": b"a" * 65536, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        scope["state"]["sent"].set()  # or let go
        return
    size = 0
    more = True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    body = b"%d" % size
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def serving(head_s: float = PATIENT_S, stall_s: float = PATIENT_S, timers: Timers | None = None) -> AsyncIterator[Server]:
    protocol = bounded(8192, head_s, stall_s)
    options: dict[str, Any] = {"ws": "websockets-sansio", "lifespan": "off", "log_level": "error", "server_header": False}
    own: Any = protocol if timers is None else lambda **given: protocol(**given | {"_loop": timers})
    config = Config(app, port=0, http=own, timeout_keep_alive=int(PATIENT_S), **options)
    server = Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    server.lifespan.state |= {"timers": timers, "sent": asyncio.Event()}
    await server.startup()
    try:
        yield server
    finally:
        server.force_exit = True
        await server.shutdown()


def port_of(server: Server) -> int:
    port: int = server.servers[0].sockets[0].getsockname()[1]
    return port


@asynccontextmanager
async def served(head_s: float = PATIENT_S, timers: Timers | None = None) -> AsyncIterator[int]:
    async with serving(head_s, timers=timers) as server:
        yield port_of(server)


async def said_to(port: int, *pieces: bytes, pause_s: float = 0.01, last: bytes | None = None) -> bytes:
    """Send the pieces, and wait between them for an answer, for `pause_s` at most. Return all that was heard until the server closes, or
    has said `last`. Through the socket itself: a stream forgets what it has heard when it is reset. The first piece is there before the
    server takes the connection, so that its time cannot be over before."""
    loop = asyncio.get_running_loop()
    said, heard = bytearray(), asyncio.Event()

    async def hear() -> None:
        with suppress(ConnectionError):
            while (last is None or last not in said) and (piece := await loop.sock_recv(client, 65536)):
                said.extend(piece)
                heard.set()

    with socket.create_connection(("127.0.0.1", port)) as client:
        client.setblocking(False)
        hearing = asyncio.create_task(hear())  # one for all pieces: whoever stops to listen may lose what has just come
        for piece in pieces:
            heard.clear()
            with suppress(ConnectionError):
                await loop.sock_sendall(client, piece)
            with suppress(TimeoutError):
                await asyncio.wait_for(heard.wait(), pause_s)
            if b"HTTP/1.1 4" in said:
                break  # whoever is refused need not go on
        await asyncio.wait_for(hearing, PATIENT_S)
    return bytes(said)


async def test_an_ordinary_request() -> None:
    async with served() as port:
        assert (await said_to(port, CLOSING)).startswith(b"HTTP/1.1 200")


async def test_a_head_in_pieces() -> None:
    async with served() as port:
        assert (await said_to(port, HOST, b"Connection: close\r\n", b"\r\n")).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "pieces",
    [
        (HOST + b"X: " + b"a" * 9000 + b"\r\n\r\n",),
        (HOST + b"X: " + b"a" * 5000, b"a" * 5000),
        (b"GET /" + b"a" * 5000, b"a" * 5000),
        (HOST + b"X: " + b"a" * 5000, b"a" * 5000 + b"\r\n\r\n"),
        (HOST + b"X: " + b"a" * 8000, b"a" * 190 + b"\r\n\r", b"\n"),
        (HOST + b"\r\n" + HOST + b"X: " + b"a" * 9000,),
    ],
    ids=["one piece", "header in pieces", "target in pieces", "it ends too late", "its end in pieces", "the second of two"],
)
async def test_too_long_a_head(pieces: tuple[bytes, ...]) -> None:
    async with served() as port:
        assert b"HTTP/1.1 431 " in await said_to(port, *pieces)


async def test_a_long_body_is_no_head() -> None:
    body = b"a" * 200_000
    async with served() as port:
        head = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 200000\r\n\r\n"
        assert (await said_to(port, head + body)).endswith(b"200000")
        assert (await said_to(port, head, body[:90_000], body[90_000:])).endswith(b"200000")


async def test_a_head_whose_end_comes_in_two_pieces_before_a_long_body() -> None:
    head = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 20000\r\n\r"
    async with served() as port:
        assert (await said_to(port, head, b"\n" + b"a" * 20_000)).endswith(b"20000")


async def test_a_slow_head_is_told_so() -> None:
    async with served(head_s=0.1) as port:
        assert (await said_to(port, HOST)).startswith(b"HTTP/1.1 408 ")
        assert (await said_to(port, HOST, *[b"X: 1\r\n"] * 20, pause_s=0.02)).startswith(b"HTTP/1.1 408 ")


async def test_who_says_nothing_is_closed_without_a_word() -> None:
    async with served(head_s=0.1) as port:
        assert await said_to(port) == b""


async def test_the_second_head_on_a_connection_has_the_same_time() -> None:
    async with served(head_s=0.1) as port:
        said = await said_to(port, HOST + b"\r\n", b"GET /slow", pause_s=PATIENT_S)
        assert said.startswith(b"HTTP/1.1 200")
        assert b"HTTP/1.1 408 " in said


async def test_a_socket_is_not_ended_by_the_timer() -> None:
    upgrade = (
        HOST
        + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    timers = Timers()
    async with served(timers=timers) as port:
        assert b"still here" in await said_to(port, upgrade[:20], upgrade[20:], last=b"still here")
    assert timers.kept


async def test_a_malformed_head_is_answered_as_before() -> None:
    async with served() as port:
        assert (await said_to(port, b"NOT HTTP\r\n\r\n")).startswith(b"HTTP/1.1 400 ")


LARGE = b"GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


async def test_who_takes_nothing_of_an_answer_is_let_go() -> None:
    async with serving(stall_s=0.1) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", port_of(server), limit=1024)  # it stops at its own limit
        writer.write(LARGE)
        await asyncio.wait_for(server.lifespan.state["sent"].wait(), PATIENT_S)
        heard = bytearray()
        with suppress(ConnectionError):
            while piece := await reader.read(1_000_000):
                heard += piece
        await left(writer)
        assert len(heard) < _PIECES * 65536


async def test_who_reads_gets_all_of_it() -> None:
    """However long it takes: while it is read, each timer is stopped, and none of them could have ended it."""
    timers = Timers()
    async with serving(timers=timers) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", port_of(server))
        writer.write(LARGE)
        heard = 0
        while piece := await reader.read(1_000_000):
            heard += len(piece)
            await asyncio.sleep(0.001)
        await left(writer)
        assert heard >= _PIECES * 65536
    assert len(timers.kept) > 2, "it has waited for its reader"
    assert all(timer.cancelled() for timer in timers.kept)


async def left(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
