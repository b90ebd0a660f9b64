"""`python -m bench.stores.shared`: what each mechanism costs, alone and under four processes, and what it does to the others when a
process is stopped (SIGSTOP) or killed (SIGKILL) in the middle of its writes.

Writes the tables into docs/why/stores.md. With `--quick` it only shows them, and they mean little.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any, NamedTuple

from bench import facts
from bench.stores import tables
from bench.stores.mechanisms import MECHANISMS, Mechanism
from buckler.core.store import Get, Op, Put, Take, Taken

if TYPE_CHECKING:
    from collections.abc import Callable

    from buckler.core.store import Quick

PROCESSES = 4
KEYS = 10_000
VALUE = b"x" * 200  # about a session
STOP_S = 0.12  # a call that took most of it has waited for the one that was stopped
TRIED_S = 0.02


class Pace(NamedTuple):
    """How many calls alone; how many seconds together; how many stops and kills."""

    alone: int
    together_s: float
    stops: int
    kills: int


FULL, QUICK = Pace(5000, 3.0, 200, 100), Pace(500, 0.3, 20, 10)


def _key(chance: random.Random) -> str:
    return f"session:32:{chance.randrange(KEYS):032d}"


def _ask(store: Quick, ops: list[Op]) -> float:
    """Seconds until it is done. A lock that another process has is tried again, as the stores do it."""
    begun_s, pause_s = time.perf_counter(), 0.0005
    while store.at_once(ops) is None:
        time.sleep(pause_s * random.uniform(0.5, 1.0))  # noqa: S311  # no secret
        pause_s = min(2 * pause_s, 0.02)
    return time.perf_counter() - begun_s


def alone(store: Quick, calls: int) -> dict[str, float]:
    """Microseconds of one call where nobody else asks: the median."""
    chance = random.Random(1)  # noqa: S311  # no secret
    for number in range(0, KEYS, 20):
        _ask(store, [Put(f"session:32:{one:032d}", VALUE, 3600) for one in range(number, number + 20)])
    kinds: dict[str, Callable[[str], list[Op]]] = {
        "get": lambda key: [Get(key)],
        "put": lambda key: [Put(key, VALUE, 3600)],
        "take": lambda key: [Take(key, 1_000_000, 60)],
        "get+take": lambda key: [Get(key), Take(key, 1_000_000, 60)],
    }
    return {kind: median(_ask(store, ops(_key(chance))) for _ in range(calls)) * 1e6 for kind, ops in kinds.items()}


def _children(work: Callable[[int, int], None], count: int) -> list[tuple[int, int]]:
    """Fork `count` processes that do `work(number, pipe)`; return their ids and the ends of pipes to read from."""
    made = []
    for number in range(count):
        read, write = os.pipe()
        pid = os.fork()
        if not pid:
            try:
                work(number, write)
            except Exception:  # noqa: BLE001  # told, and the end of this process alone
                traceback.print_exc()
            finally:
                os._exit(0)
        os.close(write)
        made.append((pid, read))
    return made


def _told(children: list[tuple[int, int]]) -> list[Any]:
    answers = []
    for pid, pipe in children:
        with os.fdopen(pipe) as source:
            answers.append(json.load(source))
        os.waitpid(pid, 0)
    return answers


def _tell(pipe: int, answer: object) -> None:
    os.write(pipe, json.dumps(answer).encode())


def together(store: Quick, seconds: float) -> dict[str, float]:
    """Four processes at full speed, three reads for each Take: calls a second, and what they wait for (milliseconds)."""
    begin_s = time.monotonic() + 0.1

    def work(number: int, pipe: int) -> None:
        chance = random.Random(number)  # noqa: S311  # no secret
        took = []
        time.sleep(max(0.0, begin_s - time.monotonic()))
        while time.monotonic() < begin_s + seconds:
            took.append(_ask(store, [Take(_key(chance), 1_000_000, 60)] if chance.random() < 0.25 else [Get(_key(chance))]))
        parts = quantiles(took, n=1000)
        _tell(pipe, [len(took), parts[989], parts[998], max(took)])

    told = _told(_children(work, PROCESSES))
    return {
        "calls_s": sum(one[0] for one in told) / seconds,
        "p99_ms": max(one[1] for one in told) * 1e3,
        "p999_ms": max(one[2] for one in told) * 1e3,
        "max_ms": max(one[3] for one in told) * 1e3,
    }


def exact(store: Quick, limit: int = 500) -> int:
    """How many of 2,000 Takes of one key are allowed, where 500 may be."""

    def work(_: int, pipe: int) -> None:
        allowed = 0
        for _ in range(limit):
            while (replies := store.at_once([Take("one", limit, 1e9)])) is None:
                time.sleep(0.0005)
            allowed += isinstance(replies[0], Taken) and replies[0].allowed
        _tell(pipe, allowed)

    return sum(_told(_children(work, PROCESSES)))


def _write_for_ever(store: Quick) -> Callable[[int, int], None]:
    def work(number: int, _: int) -> None:
        chance = random.Random(number)  # noqa: S311  # no secret
        last = 0
        while True:
            _ask(store, [Put(f"own{number}", b"%d" % last, 3600), Take(_key(chance), 1_000_000, 60)])
            last += 1

    return work


def stopped(store: Quick, stops: int) -> dict[str, float]:
    """How long one call keeps the event loop of another process while a writer is stopped for 120 ms somewhere in its work."""
    chance = random.Random(2)  # noqa: S311  # no secret
    [(writer, pipe)] = _children(_write_for_ever(store), 1)
    stalls, longest_s, refused = 0, 0.0, 0
    time.sleep(0.3)  # it has opened its file
    try:
        for _ in range(stops):
            time.sleep(chance.uniform(0.002, 0.006))
            os.kill(writer, signal.SIGSTOP)
            until_s, worst_s = time.perf_counter() + TRIED_S, 0.0
            alarm = _go_on_later(writer, STOP_S)
            while time.perf_counter() < until_s:
                for ops in ([Get(_key(chance))], [Take(_key(chance), 1_000_000, 60)]):
                    waits, begun_s = _waits(), time.perf_counter()
                    replies = store.at_once(list(ops))
                    took_s = time.perf_counter() - begun_s
                    if _waits() > waits:  # else it was merely not its turn: the machine has other things to do
                        worst_s = max(worst_s, took_s)
                    refused += replies is None
            os.waitpid(alarm, 0)
            os.kill(writer, signal.SIGCONT)
            stalls += worst_s > STOP_S * 0.7
            longest_s = max(longest_s, worst_s)
    finally:
        os.kill(writer, signal.SIGKILL)
        os.waitpid(writer, 0)
        os.close(pipe)
    return {"stalls": stalls, "longest_ms": longest_s * 1e3, "busy": refused}


def _waits() -> int:
    """How often this thread has given up its core by itself: to wait for a lock, or asleep."""
    return resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw


def _go_on_later(pid: int, seconds: float) -> int:
    """A process that lets `pid` go on, because whoever is stalled cannot."""
    child = os.fork()
    if not child:
        time.sleep(seconds)
        os.kill(pid, signal.SIGCONT)
        os._exit(0)
    return child


def killed(store: Quick, kills: int) -> dict[str, float]:
    """Kill a writer somewhere in its work: how long the next call takes, and whether what it had been told is there."""
    chance, longest_s, lost = random.Random(3), 0.0, 0  # noqa: S311  # no secret

    def work(_: int, pipe: int) -> None:
        number = 0
        while True:
            _ask(store, [Put("own", b"%12d" % number, 3600)])
            os.write(pipe, b"%12d" % number)
            number += 1

    for _ in range(kills):
        asyncio.run(store.close())  # LMDB's binding refuses to open what its parent had open
        [(pid, read)] = _children(work, 1)
        os.set_blocking(read, False)
        until_s, last = time.perf_counter() + chance.uniform(0.02, 0.04), b""
        while time.perf_counter() < until_s:
            last = _newest(read) or last
            time.sleep(0.001)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        last = _newest(read) or last
        os.close(read)
        longest_s = max(longest_s, _ask(store, [Put("after", b"", 60)]))
        while (replies := store.at_once([Get("own")])) is None:
            time.sleep(0.0005)
        found = replies[0]
        lost += bool(last) and not (isinstance(found, bytes) and found.strip().isdigit() and int(found) >= int(last))
    return {"longest_ms": longest_s * 1e3, "lost": lost}


def _newest(pipe: int) -> bytes:
    last = b""
    try:
        while chunk := os.read(pipe, 12 * 4096):
            last = chunk[-12:]
    except BlockingIOError:
        pass
    return last


def measured(mechanism: Mechanism, pace: Pace) -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp(prefix="buckler-bench-", dir="/dev/shm" if mechanism.folder == "memory" else None))  # noqa: S108  # shared memory is what is measured
    try:
        store = mechanism.make(folder / "state")
        found: dict[str, Any] = {"title": mechanism.title, "alone_us": alone(store, pace.alone)}
        fresh = mechanism.make(folder / "fresh")  # not open before the fork, as in a server
        asyncio.run(store.close())  # no thread of it goes over a fork, and the log is in the file
        found["exact"] = exact(fresh)
        found["together"] = together(fresh, pace.together_s)
        found["stopped"] = stopped(fresh, pace.stops)
        asyncio.run(fresh.close())
        found["killed"] = killed(fresh, pace.kills)
        found["bytes"] = sum(file.stat().st_blocks * 512 for file in folder.rglob("state*"))
    finally:
        shutil.rmtree(folder)
    return found


def main(arguments: list[str]) -> int:
    quick = "--quick" in arguments
    found = {
        "schema": 1,
        "date": facts.today(),
        "machine": facts.machine(),
        "versions": tables.versions(),
        "pace": (QUICK if quick else FULL)._asdict(),
    }
    found["mechanisms"] = [measured(mechanism, QUICK if quick else FULL) for mechanism in MECHANISMS]
    print(tables.made(found))
    if not quick:
        tables.keep(found)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
