"""What time tells about who is registered: tries of all kinds, shuffled anew in every round, of every peer in turn."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.accounts.differ import difference
from bench.accounts.rows import PEERS
from bench.environment import made
from bench.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.accounts.rows import Peer
    from bench.progress import Progress

FULL, QUICK = 200, 3
_SEED = 20_250_103


class Kind(NamedTuple):
    """What is asked, and about whom. `apart`: which third of the people, so that no try meets what another has left: an account that
    was made, a limit that was drawn on."""

    what: str
    who: str
    apart: int = 0


KINDS = {
    "sign_in_known": Kind("sign_in", "known"),
    "sign_in_unknown": Kind("sign_in", "unknown"),
    "sign_in_unverified": Kind("sign_in", "unverified"),
    "sign_in_disabled": Kind("sign_in", "disabled"),
    "locked_known": Kind("sign_in", "locked_known"),
    "locked_unknown": Kind("sign_in", "locked_unknown"),
    "reset_known": Kind("reset", "known", 1),
    "reset_unknown": Kind("reset", "unknown", 1),
    "sign_up_known": Kind("sign_up", "known", 2),
    "sign_up_unknown": Kind("sign_up", "unknown", 2),
}
PAIRS = (
    ("sign_in_known", "sign_in_unknown", "signing in: known / unknown"),
    ("sign_in_known", "sign_in_unverified", "signing in: known / unverified"),
    ("sign_in_known", "sign_in_disabled", "signing in: known / disabled"),
    ("locked_known", "locked_unknown", "signing in, account locked: known / unknown"),
    ("reset_known", "reset_unknown", "forgotten password: known / unknown"),
    ("sign_up_known", "sign_up_unknown", "signing up: known / unknown"),
)


def measure(rounds: int, progress: Progress) -> list[dict[str, Any]]:
    """Return every pair of every peer."""
    chance = random.Random(_SEED)  # noqa: S311  # an order, not a secret
    found: dict[str, dict[str, list[tuple[float, int]]]] = {peer.key: {name: [] for name in kinds(peer)} for peer in PEERS}
    with ExitStack() as running:
        processes = [(peer, running.enter_context(_process(peer, rounds))) for peer in PEERS]
        for count in range(rounds):
            progress.say(f"accounts · tries {count + 1}/{rounds}")
            for peer, process in processes if count % 2 else processes[::-1]:
                for name, answer in _round(peer, process, count, chance).items():
                    found[peer.key][name].append(tuple(answer))
            progress.step()
    return [_pair(peer.key, *pair, found[peer.key]) for peer in PEERS for pair in PAIRS if pair[0] in found[peer.key]]


def kinds(peer: Peer) -> list[str]:
    return [name for name in KINDS if peer.locks or not name.startswith("locked")]


def _round(peer: Peer, process: subprocess.Popen[str], count: int, chance: random.Random) -> dict[str, list[Any]]:
    """Have every kind tried once, each on an account that was not tried before, but for the locked ones."""
    order = kinds(peer)
    chance.shuffle(order)
    tries = [(name, *KINDS[name][:2], 0 if name.startswith("locked") else 1 + KINDS[name].apart + 3 * count) for name in order]
    answered: dict[str, list[Any]] = json.loads(_say(process, json.dumps(tries)))
    return answered


def _pair(peer: str, known: str, other: str, title: str, found: dict[str, list[tuple[float, int]]]) -> dict[str, Any]:
    times = [[us for us, _ in found[name]] for name in (known, other)]
    differs = difference(*times)
    return {
        "peer": peer,
        "pair": title,
        "tries": len(times[0]),
        "known_us": median(times[0]),
        "other_us": median(times[1]),
        **{f"{name}_us": getattr(differs, name) for name in ("middle", "low", "high", "noise")},
        "p": differs.p,
        "told": differs.told,
        "within_noise": differs.within_noise,
        "answers": [sorted({status for _, status in found[name]}) for name in (known, other)],
    }


@contextmanager
def _process(peer: Peer, rounds: int) -> Iterator[subprocess.Popen[str]]:
    """Start a peer, on every core: where a hash has four lanes, one core would only make it longer."""
    with tempfile.TemporaryDirectory(prefix="buckler-bench-") as folder:
        python = made(peer.environment) if peer.environment else sys.executable
        path = os.pathsep.join([str(ROOT), str(ROOT / "src")])
        told = {"BENCH_DATABASE": folder, "BENCH_PEOPLE": str(3 * rounds + 1), "BENCH_LIMITS": "tries", "PYTHONPATH": path}
        words = [python, "-m", "bench.accounts.tries", peer.key]
        process = subprocess.Popen(
            words, cwd=ROOT, env={**os.environ, **told}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            if hasattr(os, "sched_setaffinity"):
                os.sched_setaffinity(process.pid, range(os.cpu_count() or 1))
            _listen(process)
            yield process
        finally:
            if process.stdin:
                process.stdin.close()
            process.wait(30)


def _say(process: subprocess.Popen[str], line: str) -> str:
    if process.stdin is None:
        raise RuntimeError("the peer cannot be told anything")
    process.stdin.write(line + "\n")
    process.stdin.flush()
    return _listen(process)


def _listen(process: subprocess.Popen[str]) -> str:
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise RuntimeError(f"a peer has ended: {process.args!r}")
    return line
