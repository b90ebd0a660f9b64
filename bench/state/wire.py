"""Pages and signed-in visitors over the wire: every row a fresh server process on one core, wrk on the other, all rows in turns."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Any

from bench.checks import CheckFailedError, ask
from bench.load import LoadFailedError, loaded, wrk
from bench.servers import ServerFailedError, serving
from bench.simulation.redis import HOST, command, running
from bench.state.rows import PAGES, SIGNED, request_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.progress import Progress
    from bench.simulation.redis import Server
    from bench.state.rows import Cell

SERVERS = ("uvicorn", "granian")
_WARM_S = 1
_QUIET = ("hello", "client", "ping", "select", "auth", "script", "info", "config", "echo")  # how a connection begins and is kept
_LISTENING_S, _END = 0.5, "that was all"
_COUNTED = 100

Cells = dict[str, dict[str, list[dict[str, float]]]]  # server → row → one entry a round


def steps(rounds: int) -> int:
    return rounds * len(SERVERS) * (len(PAGES) + len(SIGNED)) + len(SIGNED)


def measure(rounds: int, seconds: float, progress: Progress) -> tuple[Cells, dict[str, str]]:
    """Return every row's rounds, and what is wrong with the rows that could not be measured."""
    cells: Cells = {server: {cell.key: [] for cell in (*PAGES, *SIGNED)} for server in SERVERS}
    failed: dict[str, str] = {}
    with running() as redis:
        for count in range(rounds):
            for server in SERVERS:
                for cell in (*PAGES, *SIGNED) if count % 2 == 0 else (*SIGNED[::-1], *PAGES[::-1]):
                    progress.say(f"state · {count + 1}/{rounds} · {server} · {cell.row.title}")
                    if cell.key in cells[server]:
                        problem = _into(cells[server][cell.key], server, cell, seconds, redis)
                        if problem:
                            failed[f"{server} · {cell.row.title}"] = problem
                            cells[server].pop(cell.key)
                    progress.step()
    return cells, failed


def _into(found: list[dict[str, float]], server: str, cell: Cell, seconds: float, redis: Server) -> str:
    """Measure a cell once more; return what is wrong with it, or ""."""
    try:
        found.append(_once(server, cell, seconds, redis))
    except (CheckFailedError, LoadFailedError, ServerFailedError) as problem:
        return str(problem)
    return ""


def _once(server: str, cell: Cell, seconds: float, redis: Server) -> dict[str, float]:
    with serving(server, cell.row, BENCH_REDIS=redis.url) as started:
        request = request_of(cell, started.port)
        loaded(started.port, _WARM_S, request)
        return wrk(started.port, seconds, request, 200)


def trips(progress: Progress) -> dict[str, dict[str, Any]]:
    """Return how many commands Redis gets for a signed-in request: from a process that has not met the visitor, and from one that has."""
    found: dict[str, dict[str, Any]] = {}
    for cell in SIGNED:
        progress.say(f"state · round trips · {cell.row.title}")
        with running() as redis:
            found[cell.key] = _trips(cell, redis)
        progress.step()
    return found


def _trips(cell: Cell, redis: Server) -> dict[str, float]:
    with serving("uvicorn", cell.row, BENCH_REDIS=redis.url) as started:
        request = request_of(cell, started.port)
    with serving("uvicorn", cell.row, BENCH_REDIS=redis.url) as started:

        def visit(times: int = 1) -> None:
            for _ in range(times):
                ask(started.port, headers=request)

        cold = _commands(redis, visit)
        time.sleep(_LISTENING_S)  # the second connection, over which the server tells what changes, is there
        visit()
        return {"cold": cold, "warm": _commands(redis, lambda: visit(_COUNTED)) / _COUNTED}


def _commands(redis: Server, act: Callable[[], object]) -> int:
    """How many commands the server gets while `act` runs, as it tells itself: what a script does inside is not one, nor how a connection
    begins and is kept."""
    with socket.create_connection((HOST, redis.port), 5) as watch:
        watch.sendall(command("MONITOR"))
        lines = watch.makefile("rb")
        lines.readline()
        act()
        redis.ask("ECHO", _END)
        count = 0
        for line in lines:
            origin, _, said = line.decode("latin-1").partition("] ")
            if _END in said:
                break
            count += not origin.endswith(" lua") and said.partition('" ')[0].strip().strip('"').lower() not in _QUIET
    return count
