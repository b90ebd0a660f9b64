"""A server made by hand, which says over a real socket what a test wants it to say to a client of Redis."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from buckler.stores.redis import Redis
from tests.calm import hang_up

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    Speech = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

HELLO = b"%2\r\n$5\r\nproto\r\n:3\r\n$4\r\nrole\r\n$6\r\nmaster\r\n"
WORDS_END = b"$6\r\nmemory\r\n"  # of HELLO, SCRIPT LOAD and INFO
GREETING = HELLO + b"$1\r\nx\r\n$1\r\nx\r\n"


@asynccontextmanager
async def speaking(speech: Speech) -> AsyncIterator[int]:
    """A server that does with every connection what `speech` says, and then hangs up; yields its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await speech(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        await hang_up(server)


def always(answer: bytes) -> Speech:
    """Says the same to every packet."""

    async def speech(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65536):
            writer.write(answer)

    return speech


@asynccontextmanager
async def greeted(answer: bytes, **options: Any) -> AsyncIterator[Redis]:
    """A store whose server greets properly, and then says `answer` to every question."""

    async def speech(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(WORDS_END)
        writer.write(GREETING)
        while await reader.read(65536):
            writer.write(answer)

    async with speaking(speech) as port:
        store = Redis(f"redis://127.0.0.1:{port}", **{"wait_s": 30.0, **options})
        try:
            yield store
        finally:
            await store.close()
