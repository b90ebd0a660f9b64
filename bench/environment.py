"""The peers' own environment: `.cache/bench-venv`, made from the hashed lock with nothing but Python's own tools."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_HOME = ROOT / ".cache" / "bench-venv"
_LOCK = ROOT / "bench" / "requirements.txt"
_STAMP = _HOME / "made-from"


def inside() -> bool:
    """Whether this is already the peers' Python."""
    return Path(sys.prefix).resolve() == _HOME.resolve()


def enter(arguments: list[str]) -> None:
    """Make the environment where it is missing or old, and go on in it. Does not return."""
    _make()
    paths = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    python = str(_python())
    os.chdir(ROOT)
    os.execve(python, [python, "-m", "bench", *arguments], {**os.environ, "PYTHONPATH": paths})  # noqa: S606  # this program again


def _make() -> None:
    wanted = hashlib.sha256(_LOCK.read_bytes()).hexdigest()
    if _STAMP.exists() and _STAMP.read_text() == wanted:
        return
    print("Making .cache/bench-venv with the servers and peers (once) …", file=sys.stderr, flush=True)
    venv.create(_HOME, with_pip=True, clear=True)
    pip = [str(_python()), "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--require-hashes", "-r", str(_LOCK)]
    subprocess.run(pip, check=True)
    _STAMP.write_text(wanted)


def _python() -> Path:
    return _HOME / "bin" / "python"
