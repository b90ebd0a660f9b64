"""docs/start.md, tried from a fresh virtual environment with the built wheel: every block runs, and does what the page says."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from tests.docs.pages import blocks
from tests.servers.program import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "a secret of the tests: thirty-two bytes or more"
BLOCKS = blocks("docs/start.md", "python")
START_S, STOP_S = 120, 60
TALK = """
import asyncio, buckler
from buckler.testing import *
from tests_of_start import ask
async def talk():
    print(buckler.__file__)
    print(await ask(app), await ask(app, method="POST", path="/count"))
    print([await ask(app, method="POST", path="/orders") for _ in range(6)])
    cross = (b"sec-fetch-site", b"cross-site")
    print(await ask(app, cross, method="POST", path="/orders"), await ask(careful, cross, method="POST", path="/count"))
    await ask(app, path="/prices")
    prices["plum"] = 40
    before = await text(app, "/prices")
    await ask(app, method="PUT", path="/prices/plum", query=b"cents=100")
    print(before, await text(app, "/prices"), await ask(app, path="/health"))
    print(b"strict-transport-security" in await heads(app), b"strict-transport-security" in await heads(behind_cdn))
async def text(guard, path):
    sent = []
    await ask(guard, sent=sent, path=path)
    return b"".join(part.get("body", b"") for part in sent).decode()
async def heads(guard):
    sent = []
    await ask(guard, sent=sent)
    return dict(sent[0]["headers"])
asyncio.run(talk())
"""
ASK = """
async def ask(guard, *headers, sent=None, method="GET", path="/", query=b""):
    sent = [] if sent is None else sent
    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}
    async def send(message):
        sent.append(message)
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "https", "path": path,
        "raw_path": path.encode(), "query_string": query, "root_path": "", "headers": [(b"host", b"localhost"), *headers],
        "client": ("203.0.113.7", 5000), "server": ("localhost", 443), "state": {}}
    await guard(scope, receive, send)
    return sent[0]["status"]
"""


def _environment() -> dict[str, str]:
    return {"SHOP_SECRET": SECRET, "PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}


def test_every_block_runs_and_guards(fresh_python: Path, tmp_path: Path) -> None:
    (tmp_path / "tests_of_start.py").write_text(ASK)
    (tmp_path / "all_blocks.py").write_text("\n".join(BLOCKS) + TALK)
    command = [str(fresh_python), "all_blocks.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=_environment(), stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    where, first, orders, cross, kept, hsts = done.stdout.splitlines()
    assert where.startswith(str(fresh_python.parents[1])), "the wheel was not what ran"
    assert first == "200 200"
    assert orders == "[200, 200, 200, 200, 200, 429]"
    assert cross == "403 200"
    before, after, health = kept.split()
    assert json.loads(before) == {"apple": 30, "plum": 20, "cheapest": "plum"}, "kept: the page is as it was made"
    assert json.loads(after) == {"apple": 30, "plum": 100, "cheapest": "apple"}, "forgotten where it changed"
    assert health == "200"
    assert hsts == "True False"


@pytest.fixture
def served(fresh_python: Path, tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """`buckler run shop:app`, as the page says it, on a free port."""
    (tmp_path / "shop.py").write_text(BLOCKS[0])
    port = free_port()
    command = [str(fresh_python), "-m", "buckler", "run", "shop:app", "--port", str(port)]
    log = (tmp_path / "log").open("w")
    process = subprocess.Popen(command, cwd=tmp_path, env=_environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        _wait_for(port, process)
        yield port, tmp_path
        process.send_signal(signal.SIGINT)
        assert process.wait(STOP_S) == 0
    finally:
        process.kill()
        process.wait()
        log.close()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("it does not start")


def _get(port: int, authority: Path, **headers: str) -> tuple[int, Any]:
    """One request over TLS that trusts nothing but the local authority."""
    context = ssl.create_default_context(cafile=str(authority))
    request = urllib.request.Request(f"https://localhost:{port}/", headers=headers)  # the scheme stands there
    try:
        with urllib.request.urlopen(request, context=context, timeout=60) as answer:  # noqa: S310  # as above
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


def test_it_is_served_over_https(served: tuple[int, Path]) -> None:
    port, folder = served
    authority = next((folder / "var").rglob("local-ca.crt"))
    assert _get(port, authority) == (200, {"items": 2})
    status, problem = _get(port, authority, Host="evil.example")
    assert (status, problem["code"]) == (421, "hosts.unknown")
