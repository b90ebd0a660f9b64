"""The README's commands do what it says. `make test` is what runs this; `make run` is started here."""

from __future__ import annotations

import os
import re
import signal
import socket
import ssl
import subprocess
import time
import urllib.request
from typing import TYPE_CHECKING

from tests.docs.pages import ROOT, blocks
from tests.servers.program import free_port

if TYPE_CHECKING:
    from pathlib import Path

START_S, STOP_S = 300, 60


def _wait_for(port: int, process: subprocess.Popen[str], log: Path) -> None:
    until = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError(log.read_text())


def test_the_readme_names_these_commands() -> None:
    (block,) = blocks("README.md", "sh")
    assert re.findall(r"^make \w+", block, re.MULTILINE) == ["make run", "make test"]


def test_make_run_serves_conduit_over_https_and_ends_on_ctrl_c(tmp_path: Path) -> None:
    port, log, var = free_port(), tmp_path / "log", tmp_path / "var"
    environment = {**os.environ, "CONDUIT_FOLDER": str(var)}
    command = ["make", "run", f"ARGS=--port {port} --folder {var}"]
    with log.open("w") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out, text=True, start_new_session=True
        )
    try:
        _wait_for(port, process, log)
        context = ssl.create_default_context(cafile=str(next(var.rglob("local-ca.crt"))))
        with urllib.request.urlopen(f"https://localhost:{port}/", context=context, timeout=60) as answer:  # https stands there
            page = answer.read().decode()
            assert answer.status == 200
            assert "strict-dynamic" in answer.headers["content-security-policy"]
        assert "conduit" in page.lower()
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to everybody in the foreground
        process.wait(STOP_S)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(STOP_S)
    told = log.read_text()
    assert f"https://localhost:{port}" in told
    assert "demo account" in told
    assert "Stopped." in told
    assert "Traceback" not in told
