"""The plain-HTTP port: it only sends people on to HTTPS. No application, no body, no keep-alive, nothing to attack."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from buckler.core.address import authority

if TYPE_CHECKING:
    import socket

_MAX_HEAD_BYTES = 8192
_HEAD_S = 5.0
_MAX_CONNECTIONS = 100
_LOCAL = ("localhost", "127.0.0.1", "[::1]")
_SAFE = (b"GET", b"HEAD")


class Redirector:
    """Answers on `listening` with redirects to `https://<the host asked for>:<https_port>`.

    Only for `hosts`: any other name is answered by 400, so that nobody's Host header decides where a browser goes. Only for GET
    and HEAD: what was already sent in the clear must not be sent once more (403).
    """

    def __init__(self, listening: socket.socket, https_port: int, hosts: tuple[str, ...] = _LOCAL) -> None:
        self._socket, self._port, self._hosts = listening, https_port, frozenset(hosts)
        self._open = 0

    def start(self) -> None:
        """Serve from a thread that ends with the process."""
        threading.Thread(target=lambda: asyncio.run(self.serve()), name="redirect", daemon=True).start()

    async def serve(self) -> None:
        """Serve until cancelled."""
        server = await asyncio.start_server(self._talk, sock=self._socket, limit=_MAX_HEAD_BYTES)
        async with server:
            await server.serve_forever()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            if self._open <= _MAX_CONNECTIONS:
                async with asyncio.timeout(_HEAD_S):
                    writer.write(self.answer(await reader.readuntil(b"\r\n\r\n")))
                    await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # slow, gone, or too long: nothing to say to such a client
        finally:
            self._open -= 1
            writer.close()

    def answer(self, head: bytes) -> bytes:
        """Return the whole response to a request's head."""
        line, _, fields = head.partition(b"\r\n")
        parts = line.split(b" ")
        named = [field.partition(b":")[2].strip() for field in fields.split(b"\r\n") if field.lower().startswith(b"host:")]
        host = authority(named[0]) if len(named) == 1 else None
        if len(parts) != 3 or not _plain(parts[1]) or host is None or host.name not in self._hosts:
            return _response(b"400 Bad Request")
        if parts[0] not in _SAFE:
            return _response(b"403 Forbidden")
        port = b"" if self._port == 443 else b":%d" % self._port
        return _response(b"308 Permanent Redirect", b"https://" + host.name.encode() + port + parts[1])


def _plain(target: bytes) -> bool:
    """A path of this site in printable ASCII: `//elsewhere` and `http://elsewhere` are none (CVE-2026-54282)."""
    return target.startswith(b"/") and not target.startswith(b"//") and all(33 <= byte < 127 for byte in target)


def _response(status: bytes, location: bytes = b"") -> bytes:
    extra = b"Location: " + location + b"\r\n" if location else b""
    return b"HTTP/1.1 " + status + b"\r\n" + extra + b"Content-Length: 0\r\nConnection: close\r\n\r\n"
