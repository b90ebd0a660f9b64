"""What is overloaded: two kinds of work and a mixture of both, on both servers, with and without Buckler."""

from __future__ import annotations

from typing import NamedTuple

from bench.rows import SERVERS, Row

# work → what the handler does, and how many visitors at once find out what can be served at best
WORKS = {
    "computes": ("computes for 2 ms, and waits for nothing", 8),
    "waits": ("holds one of 10 connections to a database for 20 ms", 20),
    "both": ("computes for 1 ms, waits for 20 ms, computes for 1 ms", 40),
}
PACKAGES = ("fastapi", "starlette", "uvicorn", "granian", "uvloop", "httptools")


class Cell(NamedTuple):
    """An application on a server, doing one kind of work."""

    work: str
    server: str
    row: Row

    @property
    def key(self) -> str:
        return f"{self.work}.{self.server}.{self.row.key}"


PLAIN = Row(key="busy", title="FastAPI", app="busy")
OURS = Row(key="busy_buckler", title="FastAPI + Buckler", app="busy_buckler")
CELLS = tuple(Cell(work, server, row) for work in WORKS for server in SERVERS for row in (PLAIN, OURS))
