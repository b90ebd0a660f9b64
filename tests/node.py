"""Programs from npm that tests start, of the versions that tools/node pins."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
_PINNED, _CACHE = ROOT / "tools" / "node", ROOT / ".cache" / "node"
_INSTALL_S = 600


def module(name: str) -> Path:
    """Return the folder of an installed package; install all of them when it is not there. `make test` has done so before."""
    folder = _CACHE / "node_modules" / name
    _CACHE.mkdir(parents=True, exist_ok=True)
    with (_CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several processes run tests: one installs, the others wait for it
        if not folder.exists():
            _install(name)
    return folder


def _install(name: str) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.fail(f"{name} needs npm; on Debian: apt-get install npm")
    for file in ("package.json", "package-lock.json"):
        shutil.copy(_PINNED / file, _CACHE / file)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run(command, cwd=_CACHE, check=True, timeout=_INSTALL_S, stdin=subprocess.DEVNULL)


def environment() -> dict[str, str]:
    """Return Node's environment. Debian 12's Node 18 has web cryptography only where it is asked for; later ones refuse that."""
    version = subprocess.run(["node", "--version"], check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout
    return {**os.environ, "NODE_OPTIONS": "--experimental-global-webcrypto"} if version.startswith("v18.") else dict(os.environ)
