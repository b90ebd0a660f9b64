"""Run every test on two cores with branch coverage, then hold each package to its threshold. Arguments go to pytest.

With arguments (`tools/test.py tests/core -k nonce`) only those tests run, and coverage is not judged.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REPORT = ROOT / ".cache" / "coverage.json"
DATA = ROOT / ".cache" / "coverage-data" / "run"
WORKERS = "2"

# Branch coverage in percent, by package. The first line that fits a file decides.
THRESHOLDS = {
    "src/buckler/core/": 100,
    "src/buckler/protections/": 100,
    "src/buckler/guard/": 100,
    "src/buckler/stores/": 100,
    "src/buckler/accounts/": 100,
    "src/buckler/errors.py": 100,
    "src/buckler/": 90,
}


def run(*arguments: str) -> int:
    """Run a module of .venv and return its exit code."""
    return subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, check=False, stdin=subprocess.DEVNULL).returncode


def share(files: dict[str, dict[str, int]]) -> tuple[int, int]:
    """What of lines and branches was run, and how many there are."""
    covered = sum(f["covered_lines"] + f["covered_branches"] for f in files.values())
    return covered, sum(f["num_statements"] + f["num_branches"] for f in files.values())


def judge() -> bool:
    """Print each package's coverage; return whether every one reaches its threshold."""
    summaries = {name: entry["summary"] for name, entry in json.loads(REPORT.read_text())["files"].items()}
    good = True
    print("\nbranch coverage")
    for package, least in THRESHOLDS.items():
        mine = {name: summaries.pop(name) for name in sorted(summaries) if name.startswith(package)}
        covered, total = share(mine)
        if not total:
            continue
        percent = 100 * covered / total
        enough = covered * 100 >= least * total
        good &= enough
        print(f"  {package:28} {percent:6.2f} %   at least {least} %{'' if enough else '   TOO LOW'}")
        for name, entry in mine.items():
            got, of = share({name: entry})
            if not enough and got < of:
                print(f"      {name}: {of - got} of {of} not run")
    return good


def main(arguments: list[str]) -> int:
    """Run the tests; return the exit code."""
    if arguments:
        return run("pytest", *arguments)
    DATA.parent.mkdir(parents=True, exist_ok=True)
    os.environ["COVERAGE_FILE"] = str(DATA)
    run("coverage", "erase")
    code = run("coverage", "run", "-m", "pytest", "-n", WORKERS)
    if code:
        return code
    run("coverage", "combine", "--quiet")
    if run("coverage", "json", "--quiet", "-o", str(REPORT)):
        return 1
    if judge():
        return 0
    run("coverage", "report", "--skip-covered", "--show-missing", "--include", "src/*")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
