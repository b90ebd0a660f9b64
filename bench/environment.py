"""The peers' own environments, made from hashed locks with nothing but Python's own tools: `.cache/bench-venv`, in which the benchmark
runs as well, and one more for each peer that cannot live beside the others."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def inside() -> bool:
    """Whether this is already the peers' Python."""
    return Path(sys.prefix).resolve() == _home().resolve()


def enter(arguments: list[str]) -> None:
    """Make the environment where it is missing or old, and go on in it. Does not return."""
    python = made()
    paths = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    os.chdir(ROOT)
    os.execve(python, [python, "-m", "bench", *arguments], {**os.environ, "PYTHONPATH": paths})  # noqa: S606  # this program again


def made(name: str = "") -> str:
    """Make the environment of this name, where it is missing or old, from `requirements-{name}.txt`; return its Python's path."""
    home, lock = _home(name), ROOT / "bench" / f"requirements{name and '-'}{name}.txt"
    stamp, python = home / "made-from", str(home / "bin" / "python")
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    print(f"Making {home.relative_to(ROOT)} with the servers and peers (once) …", file=sys.stderr, flush=True)
    venv.create(home, with_pip=True, clear=True)
    pip = [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--require-hashes", "-r", str(lock)]
    subprocess.run(pip, check=True)
    stamp.write_text(wanted)
    return python


def _home(name: str = "") -> Path:
    return ROOT / ".cache" / f"bench-venv{name and '-'}{name}"
