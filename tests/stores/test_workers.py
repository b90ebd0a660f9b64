"""Limits over four real uvicorn workers that share one store, asked by 256 connections at once: exact, on every store."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.docs.pages import ROOT
from tests.servers.program import HOST, Program
from tests.stores.limited_site import LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

WORKERS, CONNECTIONS, REQUESTS = 4, 4 * 64, 3
PATIENCE_S = 120


class Workers(Program):
    """uvicorn with four worker processes."""

    def __init__(self, store: str) -> None:
        super().__init__("workers")
        self._store = store

    def command(self) -> Sequence[str]:
        arguments = [
            "--factory",
            "--workers",
            str(WORKERS),
            "--host",
            HOST,
            "--port",
            str(self.port),
            "--no-access-log",
            "--backlog",
            "2048",
        ]
        environment = ["env", f"PYTHONPATH={ROOT / 'src'}{os.pathsep}{ROOT}", f"BUCKLER_STORE={self._store}"]
        return [*environment, sys.executable, "-m", "uvicorn", "tests.stores.limited_site:make", *arguments]

    def ready(self) -> bool:
        """All of them answer."""
        answers = asyncio.run(asked(self.port, "/who", 8 * WORKERS, 1))
        return len({pid for _, pid in answers}) == WORKERS


async def _ask(port: int, path: str, times: int, start: asyncio.Event) -> list[tuple[int, bytes]]:
    """One connection; what it is answered, and by whom."""
    reader, writer = await asyncio.open_connection(HOST, port)
    await start.wait()
    answers = []
    try:
        for _ in range(times):
            writer.write(f"GET {path} HTTP/1.1\r\nhost: {HOST}:{port}\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            answers.append((int(head[9:12]), await reader.readexactly(length)))
    finally:
        writer.close()
        await writer.wait_closed()
    return answers


async def asked(port: int, path: str, connections: int, times: int) -> list[tuple[int, bytes]]:
    """The answers to as many connections, which all begin at the same moment."""
    start = asyncio.Event()
    async with asyncio.timeout(PATIENCE_S):
        asking = [asyncio.create_task(_ask(port, path, times, start)) for _ in range(connections)]
        await asyncio.sleep(0.2)
        start.set()
        return [answer for answers in await asyncio.gather(*asking) for answer in answers]


def _sqlite(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue("tmp_path") / "state.db")


def _url(fixture: str) -> Callable[[pytest.FixtureRequest], str]:
    return lambda request: str(request.getfixturevalue(fixture).url)


def _shared(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue("tmp_path"))


def _postgresql(request: pytest.FixtureRequest) -> str:
    server = request.getfixturevalue("postgresql_server")
    return str(server.url(server.new_database()))


PLACES: dict[str, Callable[[pytest.FixtureRequest], str]] = {
    "sqlite": _sqlite,
    "shared": _shared,
    "postgresql": _postgresql,
    "redis": _url("redis_server"),
    "valkey": _url("valkey_server"),
    "cluster": _url("redis_cluster"),
}


@pytest.fixture(params=PLACES)
def workers(request: pytest.FixtureRequest) -> Iterator[Workers]:
    with Workers(f"{request.param} {PLACES[request.param](request)}") as program:
        yield program


async def test_a_limit_is_exact_over_four_workers(workers: Workers) -> None:
    answers = await asked(workers.port, "/exact", CONNECTIONS, REQUESTS)
    statuses = Counter(status for status, _ in answers)
    assert statuses == {200: LIMIT, 429: CONNECTIONS * REQUESTS - LIMIT}, workers.log.read_text()[-2000:]
    leased = Counter(status for status, _ in await asked(workers.port, "/leased", CONNECTIONS, REQUESTS))
    assert leased.keys() == {200, 429}
    assert LIMIT // 2 <= leased[200] <= LIMIT
