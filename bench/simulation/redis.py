"""One Redis server for the measurement, on a free loopback port, and its processor time."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "127.0.0.1"
_START_S = 30


class Server:
    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"redis://{HOST}:{port}"

    def ask(self, *words: str) -> bytes:
        """One command; the raw answer."""
        with socket.create_connection((HOST, self.port), 5) as connection:
            connection.sendall(command(*words))
            return connection.recv(1 << 16)

    def cpu_us(self) -> float:
        """Processor time that the server's main thread has used since it started."""
        info = dict(line.split(":", 1) for line in self.ask("INFO", "cpu").decode().splitlines() if ":" in line)
        return (float(info["used_cpu_sys_main_thread"]) + float(info["used_cpu_user_main_thread"])) * 1e6

    def version(self) -> str:
        info = dict(line.split(":", 1) for line in self.ask("INFO", "server").decode().splitlines() if ":" in line)
        return info["redis_version"]


def command(*words: str) -> bytes:
    parts = [word.encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


@contextmanager
def running() -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = int(probe.getsockname()[1])
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["--port", str(port), "--bind", HOST, "--save", "", "--appendonly", "no", "--dir", folder]
        process = subprocess.Popen(["redis-server", *arguments], stdout=subprocess.DEVNULL)
        try:
            server = Server(port)
            until = time.monotonic() + _START_S
            while True:
                try:
                    server.ask("PING")
                    break
                except OSError:
                    if time.monotonic() > until:
                        raise
                    time.sleep(0.05)
            yield server
        finally:
            process.terminate()
            process.wait()
