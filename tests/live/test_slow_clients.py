"""Clients that are slow on purpose, on raw sockets, against both servers: they hold connections, and no place at work."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests.live.conftest import PATIENT_S, ROOT, START_S
from tests.live.slow_app import PER_CLIENT, PLACES
from tests.servers.program import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMANDS = {
    "uvicorn": ["uvicorn", "tests.live.slow_app:app", "--loop", "uvloop", "--http", "httptools", "--no-access-log"],
    "granian": ["granian", "--interface", "asgi", "tests.live.slow_app:app", "--workers", "1", "--ws"],
}
HOST = b"Host: shop.example\r\n"
GET = b"GET /%s HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
UPGRADE = (
    b"GET /socket HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
UPLOAD = b"POST /upload HTTP/1.1\r\n" + HOST + b"Content-Length: 1000\r\n\r\n" + b"a" * 10
ALONE, WITH_ANOTHER = b"working=1 clients=1", b"working=1 clients=2"  # who asks is at work
SLOW = 8  # of each kind: many more than there are places, and fewer than one client may have inside


@pytest.fixture(scope="module", params=list(COMMANDS))
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    number = free_port()
    words = [sys.executable, "-m", *COMMANDS[request.param], "--host", "127.0.0.1", "--port", str(number)]
    process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        wait_for(number, process)
        yield number
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # granian waits for clients that read nothing, without end
        process.wait(timeout=PATIENT_S)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    ends_s = time.monotonic() + START_S
    while time.monotonic() < ends_s:
        if process.poll() is not None:
            pytest.fail(f"it ended with {process.returncode} before it listened")
        try:
            ask(port)
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"it did not listen within {START_S} s")


@pytest.fixture(autouse=True)
def left(port: int) -> None:
    """Those of the other tests have left: a server hears of it when it comes to it."""
    assert ALONE in until(port, ALONE)


def connect(port: int, sent: bytes, *, address: str = "127.0.0.1", window_bytes: int = 0) -> socket.socket:
    wire = socket.socket()
    wire.settimeout(PATIENT_S)
    wire.bind((address, 0))
    if window_bytes:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window_bytes)
    try:
        wire.connect(("127.0.0.1", port))
        wire.sendall(sent)
    except OSError:
        wire.close()
        raise
    return wire


def ask(port: int, path: bytes = b"", **how: Any) -> bytes:
    """Ask, and read until the server closes."""
    heard = b""
    with connect(port, GET % path, **how) as wire:
        while piece := wire.recv(65_536):
            heard += piece
    return heard


def until(port: int, said: bytes, **how: Any) -> bytes:
    """Ask until the answer says so: what a server hears and forgets takes it a moment."""
    ends_s = time.monotonic() + PATIENT_S
    while said not in (heard := ask(port, **how)) and time.monotonic() < ends_s:
        time.sleep(0.05)
    return heard


def test_slow_readers_hold_no_place(port: int) -> None:
    with ExitStack() as stack:
        for _ in range(SLOW):
            wire = stack.enter_context(connect(port, GET % b"large", address="127.0.0.2", window_bytes=4096))
            assert wire.recv(12) == b"HTTP/1.1 200"
        heard = until(port, WITH_ANOTHER)
        assert b" 200 " in heard
        assert WITH_ANOTHER in heard, heard[-60:]
    assert ALONE in until(port, ALONE), "whoever leaves is counted out"


def test_slow_senders_hold_no_place(port: int) -> None:
    with ExitStack() as stack:
        for _ in range(SLOW):
            stack.enter_context(connect(port, UPLOAD, address="127.0.0.3"))
        heard = until(port, WITH_ANOTHER)
        assert WITH_ANOTHER in heard, heard[-60:]


def test_open_sockets_hold_no_place(port: int) -> None:
    with ExitStack() as stack:
        for _ in range(SLOW):
            wire = stack.enter_context(connect(port, UPGRADE, address="127.0.0.4"))
            assert b" 101 " in wire.recv(1024)
        heard = until(port, WITH_ANOTHER)
        assert WITH_ANOTHER in heard, heard[-60:]


def test_who_works_holds_a_place(port: int) -> None:
    with ExitStack() as stack:
        stack.callback(ask, port, b"end")
        for number in range(1, PLACES + 1):
            stack.enter_context(connect(port, GET % b"works", address=f"127.0.1.{number}"))
            heard = until(port, b"working=%d " % (number + 1) if number < PLACES else b" 503 ")
        assert b" 503 " in heard
        assert b"retry-after: " in heard.lower()
        assert b"overload.full" in heard


def test_one_client_has_so_many_inside(port: int) -> None:
    with ExitStack() as stack:
        for _ in range(PER_CLIENT):
            wire = stack.enter_context(connect(port, GET % b"large", address="127.0.0.5", window_bytes=4096))
            assert wire.recv(12) == b"HTTP/1.1 200"
        assert b"overload.client" in ask(port, address="127.0.0.5")
        assert b" 200 " in ask(port), "others are served"
