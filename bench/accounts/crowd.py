"""The flood: `python -m bench.accounts.crowd PEER PORT SECONDS CLIENTS PEOPLE RAMP`.

Every client has an address of its own, as a botnet has, and a connection that it keeps. It tries a wrong password on one account after
another, every second one of somebody who is registered, and goes on after a pause, of a second on average, after each answer. They
begin spread over `RAMP` seconds, after which a line says so; with a ramp of 0 all try at the same moment, once. Prints a line of JSON:
how many answers there were of each status, and how long they took in µs (the median), both without the ramp.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections import Counter
from statistics import median
from time import perf_counter
from typing import Any

from bench.accounts import cast
from bench.accounts.rows import PEER
from bench.accounts.wire import Wire

PAUSE_S = 1.0
_SEED = 20_250_104


class Crowd:
    """`clients` that try for `seconds` after the ramp of `ramp_s`."""

    def __init__(self, peer: str, port: int, *, clients: int, people: int, ramp_s: float) -> None:
        self._peer, self._port, self._clients, self._people, self._ramp_s = PEER[peer], port, clients, people, ramp_s
        self._chance = random.Random(_SEED)  # noqa: S311  # pauses, not secrets
        self._statuses: Counter[str] = Counter()
        self._took_us: list[float] = []

    async def come(self, seconds: float) -> dict[str, Any]:
        """Return what was answered until the time was over; what is under way then is left to itself."""
        tasks = [asyncio.create_task(self._client(number)) for number in range(self._clients)]
        await asyncio.sleep(self._ramp_s)
        self._statuses.clear()
        self._took_us.clear()
        print("under way", flush=True)
        await asyncio.wait(tasks, timeout=seconds)
        found = {"statuses": dict(sorted(self._statuses.items())), "median_us": median(self._took_us) if self._took_us else None}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return found

    async def _client(self, client: int) -> None:
        with Wire(self._port, f"127.1.{client // 250}.{client % 250 + 1}") as wire:
            await asyncio.sleep(self._chance.uniform(0, self._ramp_s))
            number = client
            while True:
                await self._try(wire, cast.email("known" if number % 2 else "unknown", number // 2 % self._people))
                if not self._ramp_s:
                    return
                number += self._clients + 1  # the other kind: the number of clients is even
                await asyncio.sleep(self._chance.expovariate(1 / PAUSE_S))

    async def _try(self, wire: Wire, email: str) -> None:
        begun_s = perf_counter()
        try:
            self._statuses[str(await wire.ask(self._peer.ask("sign_in", email).head()))] += 1
            self._took_us.append((perf_counter() - begun_s) * 1e6)
        except OSError:
            self._statuses["none"] += 1


if __name__ == "__main__":
    peer, port, seconds, clients, people, ramp = sys.argv[1:]
    crowd = Crowd(peer, int(port), clients=int(clients), people=int(people), ramp_s=float(ramp))
    print(json.dumps(asyncio.run(crowd.come(float(seconds)))))
