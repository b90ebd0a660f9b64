"""The program that hashes apart, and what it is told."""

from __future__ import annotations

import json
import os
import runpy
import sys
from io import BytesIO
from types import SimpleNamespace
from typing import TYPE_CHECKING

from argon2.exceptions import HashingError
from hypothesis import given
from hypothesis import strategies as st

from buckler.accounts.passwords import CHEAPEST_FOR_TESTS, argon, child
from buckler.accounts.passwords.profiles import Profile
from buckler.accounts.passwords.work import Make, Match, read, written
from tests.accounts.passwords.test_hasher import DJANGO

if TYPE_CHECKING:
    import pytest

    from buckler.accounts.passwords.work import Job


def test_the_program_line_by_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is killed in the end, whatever it does; here it is run in this process, which is to stay as it is."""
    monkeypatch.setattr(os, "setpriority", lambda *_: None)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(argon, "hash_secret", _no_memory)
    right = Match(CHEAPEST_FOR_TESTS, [b"correct horse"], DJANGO, "")
    told = [
        json.dumps([*sys.path, "last"]).encode() + b"\n",
        written(right),
        written(Make(CHEAPEST_FOR_TESTS, b"password")),
        written(right),
    ]
    said = BytesIO()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=BytesIO(b"".join(told))))
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(buffer=said))
    runpy.run_path(str(child.__file__), run_name="__main__")
    assert said.getvalue() == child.READY + b"true\nnull\ntrue\n"
    assert sys.path[-1] == "last"


def _no_memory(*_: object) -> bytes:
    raise HashingError


PROFILES = st.builds(Profile, st.integers(1, 9), st.integers(8, 2**21), st.integers(1, 16))
JOBS = st.one_of(
    st.builds(Make, PROFILES, st.binary(max_size=40)),
    st.builds(Match, PROFILES, st.lists(st.binary(max_size=40), min_size=1, max_size=2), st.none() | st.text(), st.text()),
)


@given(JOBS)
def test_what_is_written_is_read(job: Job) -> None:
    line = written(job)
    assert line.index(b"\n") == len(line) - 1
    assert read(line) == job
