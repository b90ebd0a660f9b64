"""The smallest HTTP/1.1 client that the flood needs: from an address of one's own, on a connection that is kept. Standard library alone."""

from __future__ import annotations

import asyncio
from typing import Self


class Wire:
    """One connection to the server on `port`, from `address` of this machine; opened when it is needed, and again after it was closed."""

    def __init__(self, port: int, address: str) -> None:
        self._port, self._address = port, address
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, request: bytes) -> int:
        """Send the bytes of a request and return the status of its answer, which is read whole. Raises OSError.

        A kept connection that the server has closed meanwhile, as it may, is replaced; the request is then sent once more.
        """
        kept = self._writer is not None
        try:
            return await self._once(request)
        except OSError:
            if not kept:
                raise
            return await self._once(request)

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open the connection, where it is not. Raises OSError."""
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port, local_addr=(self._address, 0))
        return self._reader, self._writer

    async def _once(self, request: bytes) -> int:
        try:
            reader, writer = await self.open()
            writer.write(request)
            return await self._answer(reader)
        except BaseException:  # whatever comes next on this connection would be the answer to this
            self.close()
            raise

    async def _answer(self, reader: asyncio.StreamReader) -> int:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            first, *lines = head[:-4].decode("latin-1").split("\r\n")
            fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            if fields.get("transfer-encoding", "").lower() == "chunked":
                while size := int(await reader.readline(), 16):
                    await reader.readexactly(size + 2)
                await reader.readline()
            else:
                await reader.readexactly(int(fields.get("content-length", "0")))
        except (asyncio.IncompleteReadError, ValueError) as broken:
            raise ConnectionError("an answer that is none") from broken
        if fields.get("connection", "").lower() == "close":
            self.close()
        return int(first.split(" ", 2)[1])

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
