"""A thousand visitors who ask at the same moment for a page that takes 200 ms to make, and is not kept yet."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from bench.accounts.wire import Wire
from bench.checks import ask
from bench.peers.common import HOST
from bench.peers.page import CALLS
from bench.rows import Row
from bench.servers import serving

if TYPE_CHECKING:
    from bench.progress import Progress

VISITORS = 1000
ROWS = (
    Row(key="stampede_buckler", title="FastAPI + Buckler, `cached`", app="stampede_buckler"),
    Row(key="stampede_memo", title="FastAPI + Buckler, `memo`", app="stampede_memo"),
    Row(key="stampede_cache2", title="FastAPI + fastapi-cache2", app="stampede_fastapi_cache2"),
)
_REQUEST = f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()


def measure(progress: Progress) -> dict[str, dict[str, Any]]:
    """Return, for each row, how often the page was made, what was answered, and the longest wait."""
    found = {}
    for row in ROWS:
        progress.say(f"state · stampede · {row.title}")
        with serving("uvicorn", row) as started:
            statuses, worst_s = asyncio.run(_storm(started.port))
            calls = int(ask(started.port, path=CALLS, headers=[("Host", HOST)]).body)
        found[row.key] = {"calls": calls, "statuses": statuses, "worst_ms": worst_s * 1e3}
        progress.step()
    return found


async def _storm(port: int) -> tuple[dict[str, int], float]:
    wires = [Wire(port, f"127.0.{1 + number // 250}.{1 + number % 250}") for number in range(VISITORS)]
    for wire in wires:
        await wire.open()
    begun_s = time.monotonic()

    async def one(wire: Wire) -> tuple[int, float]:
        status = await wire.ask(_REQUEST)
        return status, time.monotonic() - begun_s

    heard = await asyncio.gather(*(one(wire) for wire in wires))
    for wire in wires:
        wire.close()
    statuses: dict[str, int] = {}
    for status, _ in heard:
        statuses[str(status)] = statuses.get(str(status), 0) + 1
    return statuses, max(took_s for _, took_s in heard)
