"""The overload's part: what a crowd hears, what the page says, when a target is met."""

from __future__ import annotations

import asyncio
import random
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("uvloop", reason="not run: the servers' loop is not installed")

from bench.overload import report
from bench.overload.crowd import PATIENCE_S, Crowd
from bench.overload.rows import CELLS
from bench.overload.run import CALM, FULL, OVER
from tests.calm import hang_up

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_ANSWERS = {
    0: b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
    1: b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbusy",
    2: b"HTTP/1.1 200 OK\r\ncontent-le",  # and no more: they leave
}


@asynccontextmanager
async def _serving(kinds: list[int]) -> AsyncIterator[int]:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(_ANSWERS[kinds.pop(0) if kinds else 0])
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        await hang_up(server)


class Patience:
    """In place of `asyncio` in the crowd's module: who waits leaves when the test says so, and not because the machine is slow."""

    def __init__(self) -> None:
        self.asked_s: list[float] = []
        self._given: list[asyncio.Timeout] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    def timeout(self, asked_s: float) -> asyncio.Timeout:
        self.asked_s.append(asked_s)
        self._given.append(asyncio.timeout(60))
        return self._given[-1]

    def end(self) -> None:
        for given in self._given:
            with suppress(RuntimeError):  # they have left long ago
                given.reschedule(0)


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> Patience:
    made = Patience()
    monkeypatch.setattr("bench.overload.crowd.asyncio", made)
    return made


def _coming(seed: int, per_second: float, seconds: float) -> int:
    chance, came_s, many = random.Random(seed), 0.0, 0
    while came_s < seconds:
        came_s += chance.expovariate(per_second)
        many += 1
    return many


async def test_a_crowd_hears_what_is_answered(patience: Patience) -> None:
    many = _coming(1, 50, 0.4)
    async with _serving([0, 1, 2]) as port, asyncio.timeout(60):
        crowd = Crowd(port, 1)
        visits = asyncio.create_task(crowd.open(50, 0.4))
        while len(crowd.answers) < many - 1:  # noqa: ASYNC110  # a crowd tells nobody
            await asyncio.sleep(0.01)
        patience.end()
        await visits
    statuses = [status for _, _, status in crowd.answers]
    assert len(statuses) == len(patience.asked_s) == many > 5
    assert max(patience.asked_s) <= PATIENCE_S, "counted from when they came"
    assert (statuses.count(503), statuses.count(0)) == (1, 1)
    assert statuses.count(200) == many - 2


@pytest.mark.usefixtures("patience")
async def test_a_crowd_that_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.overload.crowd.perf_counter", count(0, 0.001).__next__)
    async with _serving([]) as port:
        crowd = Crowd(port, 1)
        await crowd.closed(2, 0.1)
    assert len(crowd.answers) > 2
    assert {status for _, _, status in crowd.answers} == {200}


def _results(rounds: int, served: float, p99_ms: float) -> dict[str, Any]:
    over = {"came": 100, "turned_away": 60, "left": 1, "per_second": served, "p50_ms": 5.0, "p99_ms": p99_ms, "learning_p99_ms": 50.0}
    one = {"best": {"per_second": 400.0}, "can_serve": 100.0, "calm": {"p99_ms": 10.0}, "over": over}
    settings = FULL._asdict() | {"rounds": rounds, "calm": CALM, "over": OVER, "patience_s": 3.0, "addresses": 500}
    return {"settings": settings, "cells": {cell.key: [one] * rounds for cell in CELLS}, "failed": {"a row": "it fell over"}}


@pytest.mark.parametrize(
    ("rounds", "served", "p99_ms", "met"), [(3, 95.0, 20.0, {True}), (3, 80.0, 40.0, {False}), (1, 95.0, 20.0, {None})]
)
def test_targets(rounds: int, served: float, p99_ms: float, met: set[bool | None]) -> None:
    found = list(report.verdicts(_results(rounds, served, p99_ms)))
    assert {verdict.met for verdict in found} == met
    assert len(found) == len(CELLS), "two for each row of Buckler's"


def test_the_page() -> None:
    text = report.section(_results(3, 95.0, 20.0), "x.json")
    assert text.count("| FastAPI + Buckler |") == len(CELLS) / 2
    assert "0.95" in text
    assert "60%" in text
    assert "Not measured: a row: it fell over" in text
