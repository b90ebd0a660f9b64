"""Make `.venv` and install what one verb needs, from hashed locks; quick when nothing has changed.

Runs under any Python 3.11 or newer, before anything is installed, so it imports the standard library only.
Usage: bootstrap.py run | test | check | bench
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts" if os.name == "nt" else "bin") / "python"
CACHE = ROOT / ".cache"
NODE = ROOT / "tools" / "node"

# Debian's packages, and the program (or, with slashes, the file) that shows that one is there.
CHROMIUM = {"chromium": "chromium"}
ATOMIC = {"libatomic1": "/usr/lib*/*/libatomic.so.1"} if sys.platform == "linux" else {}  # the Node in Playwright's wheel needs it
POSTGRESQL = {"postgresql": "initdb"}
STORES = {"redis-server": "redis-server", "memcached": "memcached"}
WRK = {"wrk": "wrk"}
NPM = {"npm": "npm"}
# Programs that Debian keeps out of PATH.
ELSEWHERE = ("/usr/lib/postgresql/*/bin",)


@dataclass(frozen=True)
class Verb:
    """What a verb needs: a lock, Debian packages, and whether the programs from npm."""

    lock: str
    debian: dict[str, str]
    node: bool = False


VERBS = {
    "run": Verb("run", {}),
    "test": Verb("test", {**CHROMIUM, **ATOMIC, **POSTGRESQL, **STORES, **NPM}, node=True),
    "check": Verb("dev", {}),
    "bench": Verb("run", {**WRK, **STORES, **POSTGRESQL}),
}


# Each lock, and the larger ones that hold all of it.
WITHIN = {"run": ("run", "test", "dev"), "test": ("test", "dev"), "dev": ("dev",)}


def say(line: str) -> None:
    """Print a line of progress at once."""
    print(f"[bootstrap] {line}", file=sys.stderr, flush=True)


def run(*command: str | Path, cwd: Path = ROOT, env: dict[str, str] | None = None) -> None:
    """Run a command and end with its exit code when it fails."""
    done = subprocess.run([str(part) for part in command], cwd=cwd, check=False, stdin=subprocess.DEVNULL, env=env)
    if done.returncode:
        say(f"failed ({done.returncode}): {' '.join(str(part) for part in command)}")
        sys.exit(done.returncode)


def installable_by_apt() -> bool:
    """Whether Debian packages can be installed here without asking anybody."""
    return shutil.which("apt-get") is not None and hasattr(os, "geteuid") and os.geteuid() == 0


def apt_install(names: list[str]) -> None:
    """Install Debian packages. Only called where `installable_by_apt`."""
    say(f"apt-get install {' '.join(names)}")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run("apt-get", "update", "-qq", env=env)
    run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *names, env=env)


def has_program(name: str) -> bool:
    """Whether a program is in PATH or where Debian hides it; with slashes, whether such a file exists."""
    if "/" in name:
        return any(True for _ in Path("/").glob(name.lstrip("/")))
    return shutil.which(name) is not None or any(found for place in ELSEWHERE for found in Path("/").glob(f"{place[1:]}/{name}"))


def debian_packages(needed: dict[str, str]) -> None:
    """Install the Debian packages whose program is missing, or end with one clear line."""
    missing = [package for package, program in needed.items() if not has_program(program)]
    if not missing:
        return
    if installable_by_apt():
        apt_install(missing)
        return
    say(f"missing programs. On Debian: sudo apt-get install {' '.join(missing)} (elsewhere: the packages of those names), then again.")
    sys.exit(1)


def make_venv() -> None:
    """Make `.venv` with pip in it; on Debian the module for that may be a package of its own."""
    if not PYTHON.exists():
        say(f"making .venv with Python {sys.version.split()[0]}")
        try:
            import ensurepip  # noqa: F401, PLC0415  # only to see whether it is there
        except ImportError:
            package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
            if not installable_by_apt():
                say(f"this Python cannot make virtual environments. On Debian: sudo apt-get install {package}")
                sys.exit(1)
            apt_install([package])
        venv.create(VENV, clear=False, symlinks=os.name != "nt")
    if subprocess.run([PYTHON, "-m", "pip", "--version"], capture_output=True, check=False, stdin=subprocess.DEVNULL).returncode:
        run(PYTHON, "-m", "ensurepip", "--upgrade")


def fingerprint(*files: Path) -> str:
    """A digest of the files' content and of the Python in use."""
    digest = hashlib.sha256(f"{VENV}{PYTHON.resolve()}".encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def stamped(stamp: Path, mark: str) -> bool:
    """Whether the work that `stamp` stands for has been done with this very input."""
    return stamp.exists() and stamp.read_text() == mark


def lock_files(lock: str) -> tuple[Path, Path]:
    """What an installation of a lock depends on."""
    return ROOT / "requirements" / f"{lock}.txt", ROOT / "pyproject.toml"


def python_packages(lock: str) -> None:
    """Install a lock by its hashes, then Buckler itself from this folder, which downloads nothing more."""
    if PYTHON.exists() and any(stamped(VENV / f".installed-{name}", fingerprint(*lock_files(name))) for name in WITHIN[lock]):
        return
    file, stamp = lock_files(lock)[0], VENV / f".installed-{lock}"
    make_venv()
    say(f"installing requirements/{lock}.txt")
    pip = (PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input")
    run(*pip, "--require-hashes", "--only-binary", ":all:", "-r", file)
    run(*pip, "--no-deps", "--no-build-isolation", "--editable", ROOT)
    stamp.write_text(fingerprint(*lock_files(lock)))


def node_packages() -> None:
    """Install the programs of tools/node by their hashes into .cache/node, running none of their install scripts."""
    here, files = CACHE / "node", (NODE / "package.json", NODE / "package-lock.json")
    stamp, mark = here / ".installed", fingerprint(*files)
    if stamped(stamp, mark):
        return
    say("installing tools/node/package-lock.json")
    here.mkdir(parents=True, exist_ok=True)
    for file in files:
        shutil.copy(file, here / file.name)
    run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", cwd=here)
    stamp.write_text(mark)


def main(name: str) -> None:
    """Bring this folder to where the verb can run."""
    if sys.version_info < (3, 11):  # noqa: UP036  # this file is run by whatever Python there is
        say(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}")
        sys.exit(1)
    verb = VERBS[name]
    debian_packages(verb.debian)
    python_packages(verb.lock)
    if verb.node:
        node_packages()


if __name__ == "__main__":
    main(sys.argv[1])
