"""What somebody is told who has not installed what a store needs."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "library", "extra"),
    [
        ("buckler.stores.shared", "lmdb", "shared"),
        ("buckler.stores.postgresql", "asyncpg", "postgresql"),
        ("buckler.stores.redis", "hiredis", "redis"),
    ],
)
def test_the_extra_is_named(module: str, library: str, extra: str) -> None:
    script = f"import sys; sys.modules[{library!r}] = None; import {module}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith(f"'not installed': run `pip install \"buckler[{extra}]\"`")
