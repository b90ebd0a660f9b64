"""`buckler calibrate`: what it prints, and how it ends. The hashes are real ones; how long they take is said by arithmetic."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from buckler.accounts.passwords import OWASP_2025, Passwords, Profile
from buckler.accounts.passwords import calibrate as search
from buckler.cli.program import run

if TYPE_CHECKING:
    from collections.abc import Callable

    Words = Callable[..., tuple[int, str, str]]


@pytest.fixture
def buckler(capsys: pytest.CaptureFixture[str]) -> Words:
    """A function that runs one command line: exit code, stdout, stderr."""

    def go(*words: str) -> tuple[int, str, str]:
        code = run(words)
        said = capsys.readouterr()
        return code, said.out, said.err

    return go


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that needs four milliseconds for a MiB, whatever else it has to do."""
    once = search._once

    def timed(profile: Profile) -> float:
        once(profile)
        return 4 * profile.written_kib / 1024

    monkeypatch.setattr(search, "_once", timed)
    monkeypatch.setattr(search, "_ROUNDS", 1)


def test_the_line_for_the_code_is_one_that_works(buckler: Words) -> None:
    code, said, _ = buckler("calibrate", "--target-ms", "400", "--memory", "19", "--workers", "1")
    assert code == 0
    line = said.strip().splitlines()[-1].strip()
    made = eval(line, {"Passwords": Passwords, "Profile": Profile})  # noqa: S307  # that is what the line is for
    assert made.profile.memory_kib == OWASP_2025.memory_kib
    assert made.profile.passes > OWASP_2025.passes
    assert (made.profile.lanes, made.workers) == (min(4, os.cpu_count() or 1), 1)
    assert re.search(r"ms alone, .* ms with 1 at once: \d+ sign-ins a second in 19 MiB\.", said)


def test_what_is_too_slow_ends_with_the_minimum_and_says_so(buckler: Words) -> None:
    code, said, complaint = buckler("calibrate", "--target-ms", "1", "--memory", "64", "--lanes", "1")
    assert code == 1
    assert "Passwords(profile=OWASP_2025, workers=2)" in said
    assert "RFC9106_LOW_MEMORY" in said
    assert complaint.startswith("buckler: no profile of OWASP's minimum or more takes 1 ms here")


@pytest.mark.parametrize("words", [("--memory", "18"), ("--target-ms", "0"), ("--lanes", "0"), ("--workers", "0")])
def test_nothing_under_the_minimum_can_be_asked_for(buckler: Words, words: tuple[str, str]) -> None:
    code, _, complaint = buckler("calibrate", *words)
    assert code == 2
    assert f"Invalid value for '{words[0]}'" in complaint
