"""Shared memory among processes: exact, safe over a fork and a kill, and nobody's event loop waits for one that is stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from buckler.core.clock import HandClock
from buckler.core.store import Add, Get, Put
from buckler.stores.shared import Shared

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CLOCK = HandClock()
PROCESSES, LIMIT = 4, 100
PATIENCE_S = 120

# A worker: takes as long as it is told, writes how many it got; or writes for ever and says what has been acknowledged.
WORKER = """
import asyncio, sys
from buckler.core.clock import HandClock
from buckler.core.store import Add, Put, Take
from buckler.stores.shared import Shared

async def take(store):
    async def once():
        return (await store.batch([Take("q", {limit}, 3600), Put("k", b"x" * 100, 60)]))[0].allowed
    allowed = 0
    for _ in range(8):
        allowed += sum(await asyncio.gather(*(once() for _ in range(64))))
    print(allowed, int((await store.batch([Add("once", b"", 60)]))[0]), flush=True)

async def write(store):
    number = 0
    while True:
        await store.batch([Put("own", b"%d" % number, 600), Put("twin", b"%d" % number, 600)])
        print(number, flush=True)
        number += 1

store = Shared("state", folder=sys.argv[1], clock=HandClock() if sys.argv[2] == "take" else None, busy_s=60)
print("ready", flush=True)
sys.stdin.readline()
asyncio.run(globals()[sys.argv[2]](store))
""".replace("{limit}", str(LIMIT))


@contextmanager
def workers(folder: Path, work: str, count: int) -> Iterator[list[subprocess.Popen[str]]]:
    """So many processes, that all begin at the same moment."""
    command = [sys.executable, "-c", WORKER, str(folder), work]
    made = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) for _ in range(count)]
    try:
        for one in made:
            assert one.stdout is not None
            assert one.stdout.readline() == "ready\n"
        for one in made:
            assert one.stdin is not None
            one.stdin.write("\n")
            one.stdin.flush()
        yield made
    finally:
        for one in made:
            one.kill()
            one.communicate()


def _size(folder: Path) -> int:
    return next(folder.glob("*/*.lmdb")).stat().st_blocks * 512


def _shared(folder: Path, **options: Any) -> Shared:
    return Shared("state", folder=folder, **{"clock": CLOCK, **options})


def test_processes_never_exceed_a_limit(folder: Path) -> None:
    with workers(folder, "take", PROCESSES) as made:
        told = [one.communicate(timeout=PATIENCE_S)[0].split() for one in made]
    assert sum(int(allowed) for allowed, _ in told) == LIMIT
    assert sum(int(added) for _, added in told) == 1


def test_what_was_acknowledged_survives_a_kill(folder: Path) -> None:
    store = _shared(folder, clock=None)
    for _ in range(12):
        with workers(folder, "write", 1) as [worker]:
            assert worker.stdout is not None
            seen = [int(worker.stdout.readline()) for _ in range(30)]
            worker.kill()
            rest, _ = worker.communicate()
        last = int((rest.split() or [str(seen[-1])])[-1]) if rest.endswith("\n") else seen[-1]
        own, twin = asyncio.run(store.batch([Get("own"), Get("twin")]))
        assert isinstance(own, bytes)
        assert own == twin  # all of a batch or nothing
        assert int(own) >= last
        assert asyncio.run(store.batch([Put("after", b"1", 60)])) == [None]
    asyncio.run(store.close())


def test_a_stopped_writer_holds_up_nobodys_event_loop(folder: Path) -> None:
    """Wherever it is stopped, a call comes back: who waited for it would wait here for ever, because nobody lets it go on."""
    store = _shared(folder, clock=None)
    asyncio.run(store.batch([Get("own")]))  # it is open: that needs the lock once
    busy = 0
    with workers(folder, "write", 1) as [worker]:
        assert worker.stdout is not None
        reading = threading.Thread(target=worker.stdout.read, daemon=True)
        assert worker.stdout.readline() == "0\n"
        reading.start()
        for number in range(150):
            time.sleep(0.001 + number % 7 * 0.0003)
            worker.send_signal(signal.SIGSTOP)
            assert store.at_once([Get("own"), Get("twin")]) is not None
            busy += store.at_once([Put("other", b"1", 60)]) is None
            worker.send_signal(signal.SIGCONT)
        worker.kill()
        reading.join(PATIENCE_S)  # before its end of the pipe is closed
    assert asyncio.run(store.batch([Put("other", b"2", 60), Get("other")])) == [None, b"2"]
    asyncio.run(store.close())
    print(f"stopped while it held the lock: {busy} of 150")


_READ = """
import sys, time
from buckler.core.store import Get
from buckler.stores.shared import Shared
store = Shared("state", folder=sys.argv[1])
store.at_once([Get("k")])
reading = store._place._table._environment.begin()
print("reading", flush=True)
time.sleep(600)
"""


async def test_a_reader_that_was_killed_keeps_no_old_pages(folder: Path) -> None:
    store = _shared(folder)
    await store.batch([Put(f"k{number}", b"x" * 10_000, 60) for number in range(20)])
    reader = await asyncio.create_subprocess_exec(sys.executable, "-c", _READ, str(folder), stdout=subprocess.PIPE)
    assert reader.stdout is not None
    assert await reader.stdout.readline() == b"reading\n"
    reader.kill()
    await reader.wait()
    for number in range(2000):
        await store.batch([Put(f"k{number % 20}", b"y" * 10_000, 60)])
    assert _size(folder) < 4 << 20
    await store.close()


@pytest.mark.parametrize("used", [True, False])
def test_a_fork_shares_it(folder: Path, used: bool) -> None:
    store = _shared(folder)
    if used:
        assert store.at_once([Put("k", b"parent", 60)]) == [None]
    pid = os.fork()
    if not pid:
        os._exit(0 if store.at_once([Add("child", b"", 60), Get("k")]) == [True, b"parent" if used else None] else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert store.at_once([Get("child"), Get("k")]) == [b"", b"parent" if used else None]
    for _ in range(3):  # the reader's place is still ours
        assert store.at_once([Get("k")]) is not None
    asyncio.run(store.close())


def test_a_child_has_a_lock_of_its_own(folder: Path) -> None:
    """Also where another thread of its parent held it."""
    store = _shared(folder)
    store._place.before_fork()
    assert store.at_once([Get("k")]) is None
    store._place.forked(child=True)
    assert store.at_once([Get("k")]) == [None]
    asyncio.run(store.close())


_FULL = """
import resource, sys
from buckler.core.store import Drop, Get, Put
from buckler.errors import StoreError
from buckler.stores.shared import Shared
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))  # the kernel gives no more, as when shared memory is full
store = Shared("state", folder=sys.argv[1])
kept, failed = [], 0
for number in range(300):
    try:
        store.at_once([Put(f"k{number}", b"x" * 10_000, 600)])
    except StoreError:
        failed += 1
    else:
        kept.append(number)
assert kept and failed, (kept, failed)
assert all(store.at_once([Get(f"k{number}")]) == [b"x" * 10_000] for number in kept)
for number in kept[10:]:
    assert store.at_once([Drop(f"k{number}")]) == [True]
assert store.at_once([Put("again", b"x" * 10_000, 600), Get("again")]) == [None, b"x" * 10_000]
"""


def test_shared_memory_that_is_full_is_an_error_and_not_the_end_of_the_process(folder: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _FULL, str(folder)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
