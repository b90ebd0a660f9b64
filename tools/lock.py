"""Resolve the dependencies anew into requirements/*.txt and bench/*.txt: hashed, for Python 3.11 to 3.13 on every platform, without
registry addresses.

`uv.lock` would write the registry's address beside every file, so it is not kept: see docs/why/locks.md.
Each smaller lock is resolved within the largest, so that one .venv serves all verbs. The benchmark's peers live in environments of their
own, with what Buckler's extra `accounts` needs.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("dev", "test", "run")  # the largest first
EXTRAS = ("accounts", "compression", "fastapi", "memcached", "postgresql", "redis", "sealed", "shared")
BENCH = ("pyproject.toml", *(f"--extra={extra}" for extra in EXTRAS), "bench/requirements.in")
OLDER = ("sqlalchemy", "email-validator")  # fastapi-users and its adapter cannot have the newest of these
HEADER = "# Written by `make lock`. Installed with --require-hashes.\n"


def main() -> None:
    """Write every lock."""
    if shutil.which("uv") is None:
        sys.exit("uv is not in PATH: install it (`pip install uv`, or your system's package), then again")
    for name in LOCKS:
        out = ROOT / "requirements" / f"{name}.txt"
        within = [] if name == LOCKS[0] else ["--constraints", str(out.with_name(f"{LOCKS[0]}.txt"))]
        resolve(out, "pyproject.toml", "--all-extras", "--group", name, *within)
    peers = ROOT / "bench" / "requirements.txt"
    resolve(peers, *BENCH)
    with TemporaryDirectory() as folder:
        same = Path(folder) / "same.txt"
        pinned = (line.split()[0] for line in peers.read_text().splitlines() if "==" in line)
        same.write_text("\n".join(pin for pin in pinned if pin.partition("==")[0] not in OLDER))
        resolve(peers.with_name("requirements-fastapi-users.txt"), "bench/requirements-fastapi-users.in", "--constraints", str(same))


def resolve(out: Path, *what: str) -> None:
    """Write one lock."""
    newest = ["--upgrade"] if "--upgrade" in sys.argv else []
    command = ["uv", "pip", "compile", "--quiet", *what, "--universal", "--python-version", "3.11", "--generate-hashes"]
    command += ["--no-annotate", "--no-header", "--no-emit-index-url", "--no-emit-find-links", *newest, "--output-file", str(out)]
    done = subprocess.run(command, cwd=ROOT, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        sys.exit(done.returncode)
    text = out.read_text()
    if "://" in text:
        sys.exit(f"{out.name} names an address; it must not")
    out.write_text(HEADER + text.removeprefix(HEADER))


if __name__ == "__main__":
    main()
