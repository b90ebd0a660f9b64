"""Real servers on free loopback ports, over TLS, each in a process of its own."""

from __future__ import annotations

import ssl
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
import trustme

from tests.servers.program import free_port
from tests.tls import tls_connection

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
START_S = 120
PATIENT_S = 60.0  # for what comes for certain: the server, or the machine, may stand still for some seconds
COMMANDS = {
    "uvicorn": ["-m", "uvicorn", "tests.live.app:app", "--host", "127.0.0.1", "--port", "{port}", "--http", "httptools", "--loop", "uvloop",
                "--no-server-header", "--no-access-log", "--ssl-keyfile", "{key}", "--ssl-certfile", "{cert}"],
    "granian": ["-m", "granian", "--interface", "asgi", "tests.live.app:app", "--host", "127.0.0.1", "--port", "{port}", "--workers", "1",
                "--ssl-keyfile", "{key}", "--ssl-certificate", "{cert}", "--ssl-protocol-min", "tls1.2"],
}  # fmt: skip


class Server(NamedTuple):
    """A running server: `say` sends raw bytes over TLS and returns all that comes back."""

    name: str
    port: int
    context: ssl.SSLContext

    def connect(self) -> ssl.SSLSocket:
        return tls_connection(self.context, ("127.0.0.1", self.port), "shop.example", timeout_s=PATIENT_S)

    def say(self, raw: bytes, timeout_s: float = PATIENT_S) -> bytes:
        """Send `raw`, and read until the server closes, has answered a single request, or says nothing for `timeout_s`."""
        heard = bytearray()
        with self.connect() as wire:
            wire.settimeout(timeout_s)  # for the answer; a handshake takes what it takes
            try:
                wire.sendall(raw)
                while piece := wire.recv(65_536):
                    heard += piece
                    if complete(bytes(heard), raw):
                        break
                    wire.settimeout(timeout_s if b"\r\n\r\n" in heard else PATIENT_S)  # the rest of a head that has begun
            except (TimeoutError, ConnectionError, ssl.SSLError):
                pass
        return bytes(heard)


def complete(heard: bytes, raw: bytes) -> bool:
    """Whether one whole answer with a length is there, to a request that sent all it announced."""
    head, end, body = heard.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return bool(end and lengths and len(body) >= int(lengths[0]) and raw.count(b"HTTP/1") == 1)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, ssl.SSLContext]:
    folder, authority = tmp_path_factory.mktemp("tls"), trustme.CA()
    issued = authority.issue_cert("shop.example", "127.0.0.1")
    key, cert = folder / "key.pem", folder / "cert.pem"
    issued.private_key_pem.write_to_path(str(key))
    for blob in issued.cert_chain_pems:
        blob.write_to_path(str(cert), append=True)
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return key, cert, context


@pytest.fixture(scope="session", params=list(COMMANDS))
def server(request: pytest.FixtureRequest, certificate: tuple[Path, Path, ssl.SSLContext]) -> Iterator[Server]:
    key, cert, context = certificate
    port = free_port()
    command = [part.format(port=port, key=key, cert=cert) for part in COMMANDS[request.param]]
    process = subprocess.Popen([sys.executable, *command], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    running = Server(request.param, port, context)
    try:
        wait_for(running, process)
        yield running
    finally:
        process.terminate()
        process.wait(timeout=PATIENT_S)


def wait_for(server: Server, process: subprocess.Popen[bytes]) -> None:
    ends_s = time.monotonic() + START_S
    while time.monotonic() < ends_s:
        if process.poll() is not None:
            pytest.fail(f"{server.name} ended with {process.returncode} before it listened")
        try:
            server.connect().close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"{server.name} did not listen within {START_S} s")
