"""Runs the RealWorld conformance collection, which others wrote, against a server."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.conduit.server import ROOT
from tests.node import environment, module

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

COLLECTION = ROOT.parent / "shared" / "data" / "realworld" / "bruno"
ABSENT = "not run: external data absent"
Outcome = tuple[int, dict[str, Any], str]
_RUN_S = 1200


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


def run(collection: Path, url: str, group: str = "") -> Outcome:
    """Run one folder, or all of them in one go; return the exit code, the summary of all requests, and what was printed."""
    report = collection.parent / f"{group or 'all'}.json"
    command: list[str | Path] = ["node", module("@usebruno/cli") / "bin" / "bru.js", "run", group or "-r", "--env", "local"]
    command += ["--env-var", f"host={url}", "--sandbox", "safe", "--noproxy", "--reporter-json", report]
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
