"""Somebody who looks at two other pages in turn: `python -m bench.accounts.probe PORT SECONDS PER_SECOND`.

One page does nothing, the other reads a row of the database.

At an even pace, whether or not the last answer has come: latencies count from the moment at which the request was due, so that a server
which stands still is charged with everybody who would have come meanwhile. An answer that does not come in `TIMEOUT_S` counts as that.
Prints a line when it begins, and a line of JSON: page → the µs of all, sorted.
"""

from __future__ import annotations

import asyncio
import json
import sys
from time import perf_counter

from bench.accounts.rows import FIELDS
from bench.accounts.wire import Wire

TIMEOUT_S = 5.0
_WARM_S = 0.5  # of its own: the first connections, the first run through its code
_ADDRESS = "127.0.0.1"
_OK = 200
PAGES = ("/", "/row")


def _request(page: str) -> bytes:
    fields = [f"{name}: {value}" for name, value in FIELDS if name != "origin"]
    return "\r\n".join([f"GET {page} HTTP/1.1", *fields, "", ""]).encode()


async def main(port: int, seconds: float, per_second: int) -> dict[str, list[float]]:
    """Return the latencies in µs, page by page."""
    loop, idle = asyncio.get_running_loop(), list[Wire]()
    found: dict[str, list[float]] = {page: [] for page in PAGES}
    requests = {page: _request(page) for page in PAGES}
    begun_s = perf_counter() + _WARM_S

    async def look(page: str, due_s: float) -> None:
        wire = idle.pop() if idle else Wire(port, _ADDRESS)
        took_s = TIMEOUT_S
        try:
            async with asyncio.timeout(TIMEOUT_S):
                if await wire.ask(requests[page]) == _OK:
                    took_s = perf_counter() - due_s
            idle.append(wire)
        except (OSError, TimeoutError):  # of no use any more
            wire.close()
        if due_s >= begun_s:
            found[page].append(took_s * 1e6)

    looks = []
    for number in range(-int(_WARM_S * per_second), int(seconds * per_second)):
        if number == 0:
            print("begun", flush=True)
        due_s = begun_s + number / per_second
        await asyncio.sleep(due_s - perf_counter())
        looks.append(loop.create_task(look(PAGES[number % len(PAGES)], due_s)))
    await asyncio.gather(*looks)
    for wire in idle:
        wire.close()
    return {page: sorted(took) for page, took in found.items()}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])))))
