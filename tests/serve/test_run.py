"""`buckler run` on real sockets: it comes up, says what is on, holds its limits, and goes away."""

from __future__ import annotations

import os
import re
import signal
import socket
import ssl
import time
from typing import TYPE_CHECKING

import pytest

from tests.processes import gone
from tests.serve.conftest import PATIENT_S, START_S, STOP_S, Run, read_all
from tests.tls import tls_connection

if TYPE_CHECKING:
    from pathlib import Path


def workers(run: Run) -> set[int]:
    """The processes that answer: forty are asked, and more while only one has; the kernel gives a connection to whom it likes. Then no
    faster than the guard allows one client: the other worker may still be starting."""
    found = {int(run.ask().rpartition(b"\r\n\r\n")[2]) for _ in range(40)}
    ends_s = time.monotonic() + START_S
    while len(found) == 1 and time.monotonic() < ends_s:
        time.sleep(0.1)
        found.add(int(run.ask().rpartition(b"\r\n\r\n")[2]))
    return found


def test_a_whole_life(running: Run) -> None:
    said = running.ask()
    head = said.partition(b"\r\n\r\n")[0].lower()
    assert b"\r\ndate: " in head
    assert b"x-content-type-options: nosniff" in head
    assert b"server: uvicorn" not in head
    found = workers(running)
    assert len(found) == 2
    assert running.process.pid not in found
    banner = running.said()
    assert f"https://localhost:{running.port}" in banner
    assert "mira@shop.example" in banner
    assert "walk [slowly]" in banner, "what the application says is not markup"
    assert "csrf" in banner
    assert "Memory" in banner
    assert "curl --cacert var/tls/local-ca.crt" in banner
    assert "\x1b" not in banner, "no colour in a file"
    assert (running.folder / "prepared").read_text() == "once "
    plain_port = int(re.findall(r"http://localhost:(\d+)", banner)[0])
    with socket.create_connection(("127.0.0.1", plain_port), timeout=PATIENT_S) as wire:
        wire.sendall(b"GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert f"Location: https://localhost:{running.port}/a\r\n".encode() in read_all(wire)
    assert running.stop(signal.SIGINT) == 0
    assert gone(found)
    assert "Traceback" not in running.said()
    assert running.said().rstrip().endswith("Stopped.")


def test_a_terminals_interrupt_goes_to_all_of_it(running: Run) -> None:
    """Ctrl-C reaches the whole foreground group. The workers are not in it, or they would be told twice."""
    found = workers(running)
    os.killpg(running.process.pid, signal.SIGINT)
    assert running.process.wait(STOP_S) == 0
    assert gone(found)
    assert (running.folder / "ended").read_text() == "orderly orderly ", "neither had to be killed"
    assert "Traceback" not in running.said()


def test_a_terminated_parent_ends_its_workers(running: Run) -> None:
    found = workers(running)
    assert running.stop(signal.SIGTERM) == 0
    assert gone(found)
    assert "Traceback" not in running.said()


def test_a_killed_parent_leaves_no_orphans(running: Run) -> None:
    found = workers(running)
    running.stop(signal.SIGKILL)
    assert gone(found)


def test_a_head_has_an_end(running: Run) -> None:
    for sent in (
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 60_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 60_000 + b" HTTP/1.1\r\n\r\n",
    ):
        said = running.ask(sent)
        assert not said.startswith(b"HTTP/1.1 2")
    many = b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"".join(b"X-%d: 1\r\n" % number for number in range(6000)) + b"\r\n"
    assert not running.ask(many).startswith(b"HTTP/1.1 2")
    assert running.ask().startswith(b"HTTP/1.1 200")


def test_old_tls_is_not_spoken(running: Run) -> None:
    context = ssl.create_default_context(cafile=str(running.folder / "var" / "tls" / "local-ca.crt"))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises((ssl.SSLError, ConnectionError)):
        tls_connection(context, ("127.0.0.1", running.port), "localhost")


def ended(shop: Path, *words: str) -> tuple[int, str]:
    run = Run(shop, *words)
    return run.process.wait(START_S), run.said()


def test_a_taken_port_is_one_line(shop: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        code, said = ended(shop, "--port", str(port))
    assert code == 2
    assert said.count("\n") == 1
    assert f"--port = {port}: the port is taken" in said
    assert "give another with --port" in said


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--certificate", "no.crt", "--key", "no.key"), "--certificate = 'no.crt': there is no such file"),
        (("--certificate", "shop.py", "--key", "shop.py"), "--certificate = 'shop.py': cannot be used with shop.py"),
        (("--key", "no.key"), "give both --certificate and --key"),
        (("--folder", "shop.py"), "--folder = 'shop.py': cannot be written"),
        (("--server", "gunicorn"), "'gunicorn' is not one of 'uvicorn', 'granian'"),
        (("--http-port", "8443", "--port", "8443"), "give another port than the one for HTTPS"),
    ],
)
def test_what_is_wrong_is_one_line(shop: Path, words: tuple[str, ...], line: str) -> None:
    code, said = ended(shop, *words)
    assert code == 2
    assert said.count("\n") == 1, said
    assert line in said


def test_an_application_that_cannot_start_ends_the_server(shop: Path) -> None:
    (shop / "shop.py").write_text(
        "async def app(scope, receive, send):\n"
        "    await receive()\n"
        "    await send({'type': 'lifespan.startup.failed', 'message': 'no database'})\n"
    )
    code, said = ended(shop)
    assert code == 2
    assert "the workers could not start" in said


def test_own_certificate(shop: Path) -> None:
    first = Run(shop)
    first.wait()
    first.stop()
    tls = shop / "var" / "tls"
    run = Run(shop, "--certificate", str(tls / "localhost.crt"), "--key", str(tls / "localhost.key"), "--folder", "elsewhere")
    run.wait()
    assert run.stop() == 0
    assert "authority" not in run.said()
    assert not (shop / "elsewhere").exists()


def test_port_0_is_no_port(shop: Path) -> None:
    code, said = ended(shop, "--port", "0")
    assert code == 2
    assert "give a port from 1 to 65535" in said
