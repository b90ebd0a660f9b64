"""Memcached."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

from tests.servers.program import ASK_S, HOST, Program, installed

if TYPE_CHECKING:
    from collections.abc import Sequence


class MemcachedServer(Program):
    """One server, with `megabytes` for its values; it forgets them when it stops."""

    def __init__(self, *more: str, megabytes: int = 64) -> None:
        super().__init__("memcached")
        self._more = ["-m", str(megabytes), *more]

    def command(self) -> Sequence[str]:
        person = ["-u", "nobody"] if os.geteuid() == 0 else []
        return [installed("memcached", "memcached"), "-l", HOST, "-p", str(self.port), "-U", "0", "-t", "2", *person, *self._more]

    def ready(self) -> bool:
        return self.ask("stats") == f"STAT pid {self.pid}"  # and not somebody else's on this port

    def ask(self, line: str) -> str:
        """Send one line of its text protocol and return the first of its answer, past every client library."""
        with socket.create_connection(self.address, ASK_S) as connection:
            stream = connection.makefile("rwb")
            stream.write(line.encode() + b"\r\n")
            stream.flush()
            return stream.readline().decode().strip()
