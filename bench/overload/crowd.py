"""A crowd: `python -m bench.overload.crowd PORT PER_SECOND SECONDS SETTLE_S SEED [TOGETHER]`.

Visitors come by chance (Poisson), so many a second, whether or not anybody before them has been answered; each from an address of many,
on a connection that is kept, if one is free. Latencies count from the moment at which a visitor came. Whoever has waited for `PATIENCE_S`
leaves. With PER_SECOND 0, TOGETHER visitors ask again as soon as they are answered: what can be served at best.

Prints a line of JSON about the visitors who came after the first SETTLE_S: how many were served (with 200), turned away (503) and left, how
many were answered otherwise, and in what time the served ones were; and the p99 of those who came before, while the server learnt.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import resource
import sys
from time import perf_counter
from typing import TYPE_CHECKING, cast

import uvloop

from bench.peers.common import HOST

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE_S = 3.0
ADDRESSES = 500
_REQUEST = f"GET / HTTP/1.1\r\nHost: {HOST}\r\nUser-Agent: crowd\r\nAccept: */*\r\n\r\n".encode()
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_FILES = 16_384

_OK, _BUSY = 200, 503

Answer = tuple[float, float, int]


class Line(asyncio.Protocol):
    """One connection, with one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._told: Callable[[Line, int], None] | None = None
        self._heard = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        self._transport = None
        self._tell(0)

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def ask(self, told: Callable[[Line, int], None]) -> None:
        """Ask, and tell the status once the answer is here; 0 when none comes any more."""
        if self._transport is None:
            told(self, 0)
            return
        self._told, self._heard = told, b""
        self._transport.write(_REQUEST)

    def data_received(self, data: bytes) -> None:
        self._heard += data
        head, end, body = self._heard.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if end and (length is None or len(body) >= int(length[1])):
            if b"connection: close" in head.lower():
                self.close()
            self._tell(int(head[9:12]))

    def _tell(self, status: int) -> None:
        told, self._told = self._told, None
        if told is not None:
            told(self, status)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class Crowd:
    """All visitors of one run, and their lines."""

    def __init__(self, port: int, seed: int) -> None:
        self._port, self._chance = port, random.Random(seed)  # noqa: S311  # a crowd, no secret
        self._idle: list[Line] = []
        self._lines = 0
        self.answers: list[Answer] = []

    async def _visit(self, came_s: float, begun_s: float) -> None:
        status = 0
        try:
            async with asyncio.timeout(came_s + PATIENCE_S - perf_counter()):
                line = await self._line()
                try:
                    status = await self._asked(line)
                    if line.is_open:
                        self._idle.append(line)
                except BaseException:
                    line.close()
                    raise
        except (OSError, TimeoutError):
            pass  # they left
        self.answers.append((came_s - begun_s, perf_counter() - came_s, status))

    async def _line(self) -> Line:
        while self._idle:
            line = self._idle.pop()
            if line.is_open:
                return line
        self._lines += 1
        number = self._lines % ADDRESSES
        address = f"127.1.{number >> 8}.{number & 255 or 1}"
        _, line = await asyncio.get_running_loop().create_connection(Line, "127.0.0.1", self._port, local_addr=(address, 0))
        return line

    @staticmethod
    async def _asked(line: Line) -> int:
        heard: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        line.ask(lambda _, status: None if heard.done() else heard.set_result(status))
        return await heard

    async def open(self, per_second: float, seconds: float) -> None:
        """Visitors come, whatever happens to those before."""
        loop, visits, begun_s, came_s = asyncio.get_running_loop(), set[asyncio.Task[None]](), perf_counter(), 0.0
        while came_s < seconds:
            wait_s = begun_s + came_s - perf_counter()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            visit = loop.create_task(self._visit(begun_s + came_s, begun_s))
            visits.add(visit)
            visit.add_done_callback(visits.discard)
            came_s += self._chance.expovariate(per_second)
        await asyncio.gather(*visits)
        await self._go_home()

    async def closed(self, together: int, seconds: float) -> None:
        """So many, each of whom comes back as soon as they are answered."""
        begun_s = perf_counter()

        async def comes_back() -> None:
            while perf_counter() < begun_s + seconds:
                await self._visit(perf_counter(), begun_s)

        await asyncio.gather(*(comes_back() for _ in range(together)))
        await self._go_home()

    async def _go_home(self) -> None:
        for line in self._idle:
            line.close()
        await asyncio.sleep(0)


def main(port: int, per_second: float, seconds: float, settle_s: float, seed: int, together: int = 1) -> dict[str, float]:
    """Return what became of the crowd."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, _FILES), most))
    crowd = Crowd(port, seed)
    uvloop.run(crowd.open(per_second, seconds) if per_second else crowd.closed(together, seconds))
    seen = [answer for answer in crowd.answers if settle_s <= answer[0] and (per_second or answer[0] + answer[1] <= seconds)]
    statuses = [status for _, _, status in seen]
    served = sorted(took_s for _, took_s, status in seen if status == _OK)
    learning = sorted(took_s for came_s, took_s, status in crowd.answers if came_s < settle_s and status == _OK)
    return {
        "came": len(seen),
        "served": len(served),
        "per_second": len(served) / (seconds - settle_s),
        "turned_away": statuses.count(_BUSY),
        "left": statuses.count(0),
        "otherwise": sum(status not in {_OK, _BUSY, 0} for status in statuses),
        "p50_ms": _share(served, 50),
        "p99_ms": _share(served, 99),
        "learning_p99_ms": _share(learning, 99),
    }


def _share(took_s: list[float], share: int) -> float:
    """That percentile in ms; 0 of nothing."""
    return took_s[min(len(took_s) - 1, len(took_s) * share // 100)] * 1e3 if took_s else 0.0


if __name__ == "__main__":
    given = sys.argv[1:]
    print(json.dumps(main(int(given[0]), float(given[1]), float(given[2]), float(given[3]), *map(int, given[4:]))))
