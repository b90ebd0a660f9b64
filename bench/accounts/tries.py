"""One peer in a process of its own, asked one try at a time: `python -m bench.accounts.tries PEER`.

Reads a line of JSON for each round, `[[name, what, kind, number], …]`, and answers with a line: `{name: [µs, status], …}`. In the process
and not by a server, because that is the quieter way: no socket, no second process on the same core, nothing between the two readings of
the clock but the application. Standard library alone, since each peer's environment is its own.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import itertools
import json
import sys
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

from bench.accounts import cast
from bench.accounts.rows import FIELDS, PEER

if TYPE_CHECKING:
    from bench.accounts.rows import Ask, Peer

_REST_S = 0.005  # after each try, so that what it left to the background does not run on the next one's time
_LOCKING = 6


async def main(key: str) -> None:
    """Answer rounds until there are no more."""
    peer = PEER[key]
    app = importlib.import_module(f"bench.peers.{peer.app}").app
    stop = await started(app)
    addresses = _addresses()
    await _lock(app, peer, addresses)
    gc.collect()
    gc.freeze()  # all that is there to stay; what a round leaves is then collected quickly, before the next one
    print("ready", flush=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        found = {}
        gc.collect()
        for name, what, kind, number in json.loads(line):
            found[name] = await timed(app, peer.ask(what, cast.email(kind, number)), next(addresses))
            await asyncio.sleep(_REST_S)
        print(json.dumps(found), flush=True)
    await stop()


async def _lock(app: Any, peer: Peer, addresses: Any) -> None:
    """Use up the attempts on one account that is there and one that is not, and warm everything up."""
    if peer.locks:
        for kind in ("locked_known", "locked_unknown"):
            for _ in range(_LOCKING):
                await timed(app, peer.ask("sign_in", cast.email(kind, 0)), next(addresses))
    for what in peer.paths:
        await timed(app, peer.ask(what, cast.email("known", 0)), next(addresses))
        await timed(app, peer.ask(what, cast.email("unknown", 0)), next(addresses))


async def timed(app: Any, ask: Ask, client: str) -> tuple[float, int]:
    """Return the µs from the call to the last byte of the answer, and its status."""
    sent, ended_ns, status = False, 0, 0

    async def receive() -> Any:
        nonlocal sent
        if sent:
            await asyncio.Event().wait()  # the client stays
        sent = True
        return {"type": "http.request", "body": ask.body, "more_body": False}

    async def send(message: Any) -> None:
        nonlocal ended_ns, status
        if message["type"] == "http.response.start":
            status = message["status"]
        elif not message.get("more_body"):
            ended_ns = perf_counter_ns()

    scope = _scope(ask, client)
    begun_ns = perf_counter_ns()
    await app(scope, receive, send)
    return (ended_ns - begun_ns) / 1e3, status


def _scope(ask: Ask, client: str) -> dict[str, Any]:
    fields = [(name.encode(), value.encode()) for name, value in FIELDS]
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "https",
        "path": ask.path,
        "raw_path": ask.path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [*fields, (b"content-type", ask.kind), (b"content-length", b"%d" % len(ask.body))],
        "client": (client, 50_000),
        "server": ("127.0.0.1", 443),
        "state": {},
    }


def _addresses() -> Any:
    """A client's address for each try, so that no limit by address is in the way."""
    return (f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}" for number in itertools.count(1))


async def started(app: Any) -> Any:
    """Start the application's lifespan, where it has one; return what ends it."""
    asked: asyncio.Queue[str] = asyncio.Queue()
    told: asyncio.Queue[str] = asyncio.Queue()

    async def receive() -> Any:
        return {"type": await asked.get()}

    async def send(message: Any) -> None:
        told.put_nowait(message["type"])

    async def run() -> None:
        try:
            await app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send)
        except ValueError:  # Django speaks no lifespan
            told.put_nowait("none")

    task = asyncio.create_task(run())
    asked.put_nowait("lifespan.startup")
    answer = await told.get()
    if answer == "lifespan.startup.failed":
        raise RuntimeError("the application does not start")

    async def stop() -> None:
        asked.put_nowait("lifespan.shutdown")
        await task

    return stop


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
