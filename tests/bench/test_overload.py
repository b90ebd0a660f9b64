"""The overload's part: what a crowd hears, what the page says, when a target is met."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytest.importorskip("uvloop", reason="not run: the servers' loop is not installed")

from bench.overload import report
from bench.overload.crowd import Crowd
from bench.overload.rows import CELLS
from bench.overload.run import CALM, FULL, OVER

_ANSWERS = {
    0: b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
    1: b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbusy",
    2: b"HTTP/1.1 200 OK\r\ncontent-le",  # and no more: they leave
}


async def _serve(kinds: list[int]) -> tuple[asyncio.Server, int]:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(_ANSWERS[kinds.pop(0) if kinds else 0])
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[1]


async def test_a_crowd_hears_what_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.overload.crowd.PATIENCE_S", 0.5)
    server, port = await _serve([0, 1, 2])
    crowd = Crowd(port, 1)
    await crowd.open(50, 0.4)
    server.close()
    await asyncio.sleep(0.05)  # for its side to hear that all have gone
    statuses = [status for _, _, status in crowd.answers]
    assert len(statuses) > 5
    assert (statuses.count(503), statuses.count(0)) == (1, 1)
    assert statuses.count(200) == len(statuses) - 2


async def test_a_crowd_that_comes_back() -> None:
    server, port = await _serve([])
    crowd = Crowd(port, 1)
    await crowd.closed(2, 0.1)
    server.close()
    await asyncio.sleep(0.05)
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
