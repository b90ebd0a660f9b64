"""The rows that this environment can serve are what they say, on real servers; and a row that is not is found out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bench import checks, rounds
from bench.progress import Progress
from bench.rows import BY_KEY, ROWS, SERVERS
from bench.servers import ServerFailedError, serving
from tests.servers.program import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.checks import Check

_OURS = [BY_KEY[key] for key in ("bare", "limit", "bare_buckler", "fastapi", "fastapi_buckler", "fastapi_buckler_refused")]


@pytest.fixture(scope="module", autouse=True)
def _patient() -> Iterator[None]:
    """The machine may be busy, and other tests start servers too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bench.servers._free_port", free_port)
        patch.setattr("bench.servers._START_S", 120.0)
        patch.setattr("bench.checks._TIMEOUT_S", 60.0)
        yield


def test_our_rows_are_what_they_say() -> None:
    heads = rounds.verify(_OURS, Progress(0))
    assert set(heads) == set(SERVERS)
    assert min(heads.values()) > 60


@pytest.fixture(scope="module")
def bare() -> Iterator[int]:
    with serving("uvicorn", BY_KEY["bare"]) as running:
        yield running.port


@pytest.mark.parametrize(
    ("check", "sentence"),
    [
        (checks.refuses_cross_site, "takes a cross-site POST"),
        (checks.refuses_other_host, "answers for a foreign host"),
        (checks.refuses_attack_patterns, "takes an SQL injection"),
        (checks.counts, "does not count"),
        (checks.sends("x-frame-options"), "does not send x-frame-options"),
        (checks.sends_constant_headers, "does not send"),
        (checks.keeps_a_session, "loses its session"),
    ],
)
def test_an_unprotected_application_is_found_out(bare: int, check: Check, sentence: str) -> None:
    with pytest.raises(checks.CheckFailedError, match=sentence):
        check(bare)


def test_a_wrong_answer_is_found_out(bare: int) -> None:
    with pytest.raises(checks.CheckFailedError, match="answered 200 instead of 421"):
        checks.answers(bare, BY_KEY["bare"].request, 421)


def test_different_heads_are_found_out() -> None:
    with pytest.raises(checks.CheckFailedError, match="heads differ"):
        rounds.same_heads("uvicorn", "bare", "bare_buckler")


def test_a_server_that_does_not_start_says_why() -> None:
    """Its key is its own: the log is named by it, and another worker may be serving the row that it was made from."""
    with pytest.raises(ServerFailedError, match="nowhere"), serving("uvicorn", replace(BY_KEY["bare"], key="nowhere", app="nowhere")):
        pass


def test_every_row_is_checked() -> None:
    assert [row.key for row in ROWS if not row.checks] == ["fastapi_buckler_refused"]  # its request is the check: 421
