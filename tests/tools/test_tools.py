"""The tools that judge the tree can say no."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.architecture.test_banned import OWN_MACHINE, REGISTRY, UNFINISHED
from tools import bootstrap
from tools import test as runner
from tools.docs import past, text

if TYPE_CHECKING:
    from pathlib import Path


def _summary(lines: int, covered: int) -> dict[str, Any]:
    counts = {"covered_lines": covered, "num_statements": lines, "covered_branches": 0, "num_branches": 0}
    return {"summary": counts}


@pytest.mark.parametrize(
    ("files", "good"),
    [
        ({"src/buckler/core/a.py": _summary(10, 10), "src/buckler/cli/b.py": _summary(10, 9)}, True),
        ({"src/buckler/core/a.py": _summary(1000, 999), "src/buckler/cli/b.py": _summary(10, 10)}, False),
        ({"src/buckler/core/a.py": _summary(10, 10), "src/buckler/cli/b.py": _summary(100, 89)}, False),
    ],
    ids=["enough", "one line of the core", "too little elsewhere"],
)
def test_coverage_is_judged_by_package(
    files: dict[str, Any], good: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "coverage.json"
    report.write_text(json.dumps({"files": files}))
    monkeypatch.setattr(runner, "REPORT", report)
    assert runner.judge() is good
    assert ("TOO LOW" in capsys.readouterr().out) is not good


@pytest.mark.parametrize(
    ("proof", "exists"),
    [
        ("case:hosts.path_in_host", True),
        ("case:hosts.no_such_case", False),
        ("case:accounts.word_list", True),
        ("case:accounts.no_such_case", False),
        ("tests/tools/test_tools.py::test_a_proof_must_exist", True),
        ("tests/tools/test_tools.py::test_no_such_test", False),
        ("tests/tools/test_tools.py", False),
        ("tests/tools/no_such_file.py::test_a", False),
    ],
)
def test_a_proof_must_exist(proof: str, exists: bool) -> None:
    assert past.missing(proof) is not exists


def test_a_region_is_filled_and_a_missing_one_is_an_error() -> None:
    page = "a\n<!-- generated: x -->\nold\n<!-- end -->\nb"
    assert text.region(page, "x", "new") == "a\n<!-- generated: x -->\nnew\n<!-- end -->\nb"
    with pytest.raises(ValueError, match="no region"):
        text.region(page, "y", "new")


def test_a_docstring_is_cut_at_its_headings() -> None:
    first, told = text.sections("`x`: what it is.\n\nStops:\n    One\n    two.\n\nHow:\n    Three.\n")
    assert first == "`x`: what it is."
    assert told == {"Stops": "One\ntwo.", "How": "Three."}


def test_banned_patterns_find_what_is_banned() -> None:
    assert UNFINISHED.search("# TO" + "DO: later")
    assert OWN_MACHINE.search("open('/ho" + "me/somebody/x')")
    assert REGISTRY.search("https:" + "//py" + "pi.org/simple")
    assert not OWN_MACHINE.search("../shared/data and https://shop.example/home/page")


def test_every_lock_is_within_itself() -> None:
    for verb in bootstrap.VERBS.values():
        assert bootstrap.WITHIN[verb.lock][0] == verb.lock


def test_a_missing_program_is_one_clear_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(bootstrap, "installable_by_apt", lambda: False)
    with pytest.raises(SystemExit):
        bootstrap.debian_packages({"a-package": "a-program-that-is-nowhere", "another": "neither-is-this"})
    assert "apt-get install a-package another" in capsys.readouterr().err


def test_an_old_python_is_told_so(tmp_path: Path) -> None:
    """Where no Python is new enough, `make` says which one is needed and ends."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "sed", "expand", "make", "cat", "env"):
        found = next(path for path in ("/bin/", "/usr/bin/") if os.path.exists(path + name)) + name  # noqa: PTH110  # a plain look
        (folder / name).symlink_to(found)
    (folder / "python3").write_text("#!/bin/sh\nexit 1\n")  # as an old one answers the question for its version
    (folder / "python3").chmod(0o755)
    done = subprocess.run(
        ["make", "run"], cwd=text.ROOT, env={"PATH": str(folder)}, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    assert done.returncode != 0
    assert "Python 3.11 or newer" in done.stderr
    assert sys.version_info >= (3, 11)
