"""Everything that can be said about the tree without running it; every step runs, and the failed ones are named at the end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
STEPS: dict[str, list[str]] = {
    "format": [f"{BIN}/ruff", "format", "--check", "--quiet"],
    "lint": [f"{BIN}/ruff", "check", "--quiet"],
    "types": [f"{BIN}/mypy"],
    "floors": [f"{BIN}/lint-imports", "--no-logo"],
    "architecture": [sys.executable, "-m", "pytest", "-q", "tests/architecture"],
    "public face": [sys.executable, "tools/api.py"],
    "generated pages": [sys.executable, "-m", "tools.docs", "--check"],
    "changelog": [f"{BIN}/towncrier", "build", "--draft", "--version", "next"],
}
QUIET = {"floors", "changelog"}  # their output is read only when they fail


def main(wanted: list[str]) -> int:
    """Run the steps (all, or the named ones); return the exit code."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT)))}
    failed = []
    for name, command in STEPS.items():
        if wanted and name not in wanted:
            continue
        began_s = time.monotonic()
        done = subprocess.run(command, cwd=ROOT, env=env, check=False, stdin=subprocess.DEVNULL, capture_output=name in QUIET, text=True)
        if done.returncode:
            failed.append(name)
            print(done.stdout or "", done.stderr or "", sep="")
        print(f"{'FAILED' if done.returncode else 'ok':6} {name} ({time.monotonic() - began_s:.1f} s)", flush=True)
    if failed:
        print(f"make check: failed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
