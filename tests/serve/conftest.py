"""A small application in a folder of its own, and `buckler run` on it."""

from __future__ import annotations

import os
import signal
import ssl
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.servers.program import free_port
from tests.tls import tls_connection

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
START_S = STOP_S = 120.0  # of four processes that are started afresh, on a machine that has other things to do
PATIENT_S = 60.0
SHOP = """
import os
from pathlib import Path
from buckler import Guard, Overload

async def plain(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            kind = (await receive())["type"]
            await send({"type": kind + ".complete"})
            if kind.endswith("shutdown"):
                with Path("ended").open("a") as file:
                    file.write("orderly ")
                return
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": "hello"})
        await receive()
        return
    body = str(os.getpid()).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})

# Nobody is turned away because the machine, and not the loop, has other things to do.
app = Guard(plain, Overload(noticed_s=3600), development=True)
demo = {"e-mail": "mira@shop.example", "password": "walk [slowly]"}

def prepare():
    with Path("prepared").open("a") as file:
        file.write("once ")
"""


class Run:
    """`buckler run` in a process; its output is in `said()`."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.folder, self.port = folder, free_port()
        self.output = folder / "output.txt"
        command = [sys.executable, "-m", "buckler", "run", "shop:app", "--port", str(self.port), *words]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "NO_COLOR": "1"}
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT, process_group=0)

    def said(self) -> str:
        return self.output.read_text()

    def connect(self) -> ssl.SSLSocket:
        """A TLS connection that trusts the local authority."""
        context = ssl.create_default_context(cafile=str(self.folder / "var" / "tls" / "local-ca.crt"))
        return tls_connection(context, ("127.0.0.1", self.port), "localhost", timeout_s=PATIENT_S)

    def ask(self, sent: bytes = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n") -> bytes:
        with self.connect() as wire:
            with suppress(OSError):  # whoever is refused may be cut off
                wire.sendall(sent)
            return read_all(wire)

    def wait(self, limit_s: float = START_S) -> None:
        """Until it answers."""
        ends_s = time.monotonic() + limit_s
        while time.monotonic() < ends_s:
            if self.process.poll() is not None:
                raise AssertionError(f"it has ended: {self.said()}")
            try:
                if self.ask().startswith(b"HTTP/1.1 200"):
                    return
            except OSError:
                time.sleep(0.1)
        raise AssertionError(f"it does not answer: {self.said()}")

    def stop(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(STOP_S)


def read_all(wire: socket.socket) -> bytes:
    said = b""
    try:
        while piece := wire.recv(65536):
            said += piece
    except OSError:
        pass  # a server may close without TLS's farewell
    return said


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(SHOP)
    return tmp_path


@pytest.fixture(params=["uvicorn", "granian"])
def running(request: pytest.FixtureRequest, shop: Path) -> Iterator[Run]:
    run = Run(shop, "--server", request.param, "--http-port", str(free_port()))
    try:
        run.wait()
        yield run
    finally:
        if run.process.poll() is None:
            run.stop(signal.SIGKILL)
