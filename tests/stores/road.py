"""A road to a server on which the lane of the pushes can be blocked: connections stay open, questions are answered, news do not arrive."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Self

_PUSHES = b"TRACKING"  # what a client says on the connection over which it wants to be told of changes


class Road:
    """`async with Road(port) as road`: `road.port` leads to `port`."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._free = asyncio.Event()
        self._free.set()
        self._pairs: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *failure: object) -> None:
        self._server.close()
        for task in self._pairs:
            task.cancel()
        await asyncio.gather(*self._pairs, return_exceptions=True)

    def block(self) -> None:
        """Let nothing through to those who wait for pushes, on connections that come later too."""
        self._free.clear()

    def free(self) -> None:
        self._free.set()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._pair(reader, writer))
        self._pairs.add(task)
        task.add_done_callback(self._pairs.discard)

    async def _pair(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to_port)
        listens = asyncio.Event()
        lanes = [asyncio.create_task(self._out(reader, far_writer, listens)), asyncio.create_task(self._back(far_reader, writer, listens))]
        try:
            await asyncio.wait(lanes, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for lane in lanes:
                lane.cancel()
            await asyncio.gather(*lanes, return_exceptions=True)
            writer.close()
            far_writer.close()

    async def _out(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, listens: asyncio.Event) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                if _PUSHES in data:
                    listens.set()
                writer.write(data)

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, listens: asyncio.Event) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                if listens.is_set():
                    await self._free.wait()
                writer.write(data)
