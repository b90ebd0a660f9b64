"""Runs the RealWorld conformance collection, which others wrote, against a server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.conduit.server import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

COLLECTION = ROOT.parent / "shared" / "data" / "realworld" / "bruno"
ABSENT = "not run: external data absent"
TOOLS, CACHE = ROOT / "tools" / "node", ROOT / ".cache" / "node"
Outcome = tuple[int, dict[str, Any], str]
_RUN_S, _INSTALL_S = 300, 600


def groups() -> Sequence[str]:
    """Return the names of the collection's folders; none when it is absent."""
    return sorted(item.name for item in COLLECTION.glob("*") if item.is_dir() and item.name != "environments")


def copy_of_collection(folder: Path) -> Path:
    """Copy the collection into `folder`, writable; skip the test when it is absent."""
    if not COLLECTION.is_dir():
        pytest.skip(ABSENT)
    copy = folder / "bruno"
    shutil.copytree(COLLECTION, copy, copy_function=shutil.copyfile)
    for path in (copy, *copy.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return copy


def runner() -> Path:
    """Return the runner, of the version that tools/node pins; install it when it is not there."""
    program = CACHE / "node_modules" / ".bin" / "bru"
    if not program.exists():
        npm = shutil.which("npm")
        if npm is None:
            pytest.fail("the runner of the conformance collection needs npm; on Debian: apt-get install npm")
        CACHE.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(TOOLS / name, CACHE / name)
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run(command, cwd=CACHE, check=True, timeout=_INSTALL_S, stdin=subprocess.DEVNULL)
    return program


def environment() -> dict[str, str]:
    """Return the runner's environment. Debian 12's Node 18 has web cryptography only where it is asked for; later ones refuse that."""
    version = subprocess.run(["node", "--version"], check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout
    return {**os.environ, "NODE_OPTIONS": "--experimental-global-webcrypto"} if version.startswith("v18.") else dict(os.environ)


def run(collection: Path, url: str, group: str = "") -> Outcome:
    """Run one folder, or all of them in one go; return the exit code, the summary of all requests, and what was printed."""
    report = collection.parent / f"{group or 'all'}.json"
    command: list[str | Path] = [runner(), "run", group or "-r", "--env", "local", "--env-var", f"host={url}"]
    command += ["--sandbox", "safe", "--noproxy", "--reporter-json", report]
    done = subprocess.run(
        command,
        cwd=collection,
        env=environment(),
        check=False,
        capture_output=True,
        text=True,
        timeout=_RUN_S,
        stdin=subprocess.DEVNULL,
    )
    said = done.stdout + done.stderr
    assert report.exists(), said
    return done.returncode, json.loads(report.read_text())[0]["summary"], said
