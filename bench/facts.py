"""What was measured, and on what: enough to judge and repeat it, and nothing that names a machine or its owner."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import buckler
from bench import guards
from bench.servers import ROOT, can_pin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.rows import Row

_SERVERS = ("uvicorn", "httptools", "uvloop", "granian", "gunicorn")


def machine() -> dict[str, Any]:
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "architecture": platform.machine(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "pinned": can_pin(),
    }


def versions(rows: Sequence[Row]) -> dict[str, str]:
    """Return the versions of the servers, of wrk and of everything that a row says it needs."""
    names = sorted({name for row in rows for name in row.packages} - {"buckler"})
    found = {"buckler": buckler.__version__, "wrk": _wrk()}
    return found | {name: metadata.version(name) for name in (*_SERVERS, *names)}


def protections() -> list[str]:
    """The protections that were on, in their order."""
    return list(guards.NAMES)


def today() -> str:
    return datetime.now(UTC).date().isoformat()


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def _wrk() -> str:
    done = subprocess.run(["wrk", "-v"], capture_output=True, text=True, check=False)
    words = (done.stdout + done.stderr).split()
    return words[1] if len(words) > 1 else "unknown"


def results_folder(*, quick: bool) -> Path:
    """Where results go: full runs are kept in the repository, quick ones are nobody's evidence."""
    folder = ROOT / ".cache" / "bench" if quick else ROOT / "bench" / "results"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
