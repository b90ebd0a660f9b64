"""Resolve the dependencies anew into requirements/*.txt: hashed, for Python 3.11 to 3.13 on every platform, without registry addresses.

`uv.lock` would write the registry's address beside every file, so it is not kept: see docs/why/locks.md.
Each smaller lock is resolved within the largest, so that one .venv serves all verbs.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("dev", "test", "run")  # the largest first
HEADER = "# Written by `make lock`. Installed with --require-hashes.\n"


def main() -> None:
    """Write every lock."""
    uv = shutil.which("uv")
    if uv is None:
        sys.exit("uv is not in PATH: install it (`pip install uv`, or your system's package), then again")
    newest = ["--upgrade"] if "--upgrade" in sys.argv else []
    for name in LOCKS:
        out = ROOT / "requirements" / f"{name}.txt"
        within = [] if name == LOCKS[0] else ["--constraints", str(out.with_name(f"{LOCKS[0]}.txt"))]
        command = [uv, "pip", "compile", "--quiet", "pyproject.toml", "--all-extras", "--group", name, "--universal"]
        command += ["--python-version", "3.11", "--generate-hashes", "--no-annotate", "--no-header", "--no-emit-index-url"]
        command += ["--no-emit-find-links", *newest, *within, "--output-file", str(out)]
        done = subprocess.run(command, cwd=ROOT, check=False, stdin=subprocess.DEVNULL)
        if done.returncode:
            sys.exit(done.returncode)
        text = out.read_text()
        if "://" in text:
            sys.exit(f"{out.name} names an address; it must not")
        out.write_text(HEADER + text.removeprefix(HEADER))


if __name__ == "__main__":
    main()
