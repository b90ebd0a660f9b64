"""FastAPI's interactive docs in a real browser, under the strict policy: they work, and nothing is stopped or reported."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import ROOT, START_S, WAIT_MS
from tests.servers.program import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, ConsoleMessage

APP = '''
from fastapi import FastAPI
from buckler import Guard
from buckler.frameworks.fastapi.docs import add_docs

inner = FastAPI(title="Shop <b>", docs_url=None, redoc_url=None)
add_docs(inner)

@inner.get("/things/{number}")
def thing(number: int) -> dict[str, int]:
    """One thing."""
    return {"number": number}

app = Guard(inner, development=True)
'''


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("docs"), free_port()
    (folder / "docs_app.py").write_text(APP)
    command = [sys.executable, "-m", "uvicorn", "docs_app:app", "--app-dir", str(folder), "--port", str(port), "--no-server-header"]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log) as server:
        try:
            _await(port, server, folder / "log")
            yield f"http://localhost:{port}"
        finally:
            server.terminate()


def _await(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    end_s = time.monotonic() + START_S
    while time.monotonic() < end_s:
        with socket.socket() as probe:
            if server.poll() is None and probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail(log.read_text())


def test_the_docs_work_and_nothing_is_stopped(browser: Browser, url: str) -> None:
    page, said = browser.new_page(), list[str]()
    page.set_default_timeout(WAIT_MS)

    def hear(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            said.append(message.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{url}/docs")
    page.get_by_text("/things/{number}").click()
    page.get_by_text("One thing.").wait_for()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_placeholder("number").fill("7")
    page.get_by_role("button", name="Execute").click()
    page.locator(".live-responses-table", has_text='"number": 7').wait_for()
    assert said == []
    page.close()
