"""Ten million client addresses: how far does the guard's memory grow?

Runs in a process of its own: `python -m bench.inprocess.memory N`."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench import guards
from bench.inprocess.drive import scope
from bench.peers.bare import bare
from buckler.guard.wait import judged
from buckler.protections import DEFAULTS

FULL, QUICK = 10_000_000, 200_000
_WARM = 100
_KIB = 1 if sys.platform != "darwin" else 1024  # ru_maxrss: KiB on Linux, bytes on macOS
_ROOT = Path(__file__).resolve().parents[2]


def measure(addresses: int) -> dict[str, Any]:
    """Return the growth of the peak resident memory in MiB, from a fresh process."""
    path = os.pathsep.join([str(_ROOT), str(_ROOT / "src")])
    words = [sys.executable, "-m", "bench.inprocess.memory", str(addresses)]
    done = subprocess.run(words, cwd=_ROOT, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


async def _grow(addresses: int) -> dict[str, Any]:
    """Every address asks once: it is read, and all checks and waits decide. The application is left out, because it keeps nothing."""
    limits = [kind() for kind in DEFAULTS if kind.card.name == "ratelimit"]  # as it is by default: nothing is opened here
    plan = guards.guarded(bare, *limits).plan
    template = scope()
    refused = 0
    for count in range(-_WARM, addresses):
        if count == 0:
            gc.collect()
            before_kib = _peak_kib()
        number = count + 2 * _WARM
        template["client"] = (f"{10 + (number >> 24)}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}", 50_000)
        request = plan.read(template)
        found = next((answer for check in plan.checks if (answer := check(request)) is not None), None)
        if found is None and request.waits:
            found = await judged(plan, request)
        refused += found is not None
    return {"addresses": addresses, "growth_mib": (_peak_kib() - before_kib) / 1024, "peak_mib": _peak_kib() / 1024, "refused": refused}


def _peak_kib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KIB


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_grow(int(sys.argv[1])))))
