"""The RealWorld collection, whole, against a real server: on SQLite and on PostgreSQL.

It signs up with `password123` and many times from one address. So the list of common passwords is off, and rate limits only report,
each by its named option; everything else is as it is served to people.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conduit.bruno import ABSENT, Outcome, copy_of_collection, groups, run
from tests.conduit.server import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OPTIONS = {
    "CONDUIT_INSECURE_ALLOW_COMMON_PASSWORDS": "true",
    "CONDUIT_INSECURE_ONLY_REPORT_RATE_LIMITS": "true",
    "CONDUIT_DEMO_CONTENT": "false",
    "CONDUIT_PASSWORD_WAIT_S": "30",
}
GROUPS = groups()


@pytest.fixture(scope="module")
def conduit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with an empty SQLite database."""
    with serving(tmp_path_factory.mktemp("conduit"), **OPTIONS) as url:
        yield url


def test_the_collection_is_whole() -> None:
    if not GROUPS:
        pytest.skip(ABSENT)
    assert len(GROUPS) == 13


@pytest.mark.parametrize("group", GROUPS)
def test_group(group: str, conduit: str, tmp_path: Path) -> None:
    collection = copy_of_collection(tmp_path)
    _all_green(run(collection, conduit, group), len(list((collection / group).glob("*.bru"))))


def test_on_postgresql(postgresql: str, tmp_path: Path) -> None:
    """The same in one run: the groups are independent, and the runner is slow to start."""
    collection = copy_of_collection(tmp_path)
    with serving(tmp_path, **OPTIONS, CONDUIT_DATABASE_URL=postgresql) as url:
        outcome = run(collection, url)
    _all_green(outcome, sum(len(list((collection / group).glob("*.bru"))) for group in GROUPS))


def _all_green(outcome: Outcome, requests: int) -> None:
    code, summary, said = outcome
    assert code == 0, said
    assert summary["passedRequests"] == summary["totalRequests"] == requests > 0, said
    assert summary["passedAssertions"] == summary["totalAssertions"] > 0, said


def test_the_runner_has_teeth(conduit: str, tmp_path: Path) -> None:
    """A wrong answer is seen: with one expectation turned round, the same run fails."""
    collection = copy_of_collection(tmp_path)
    script = collection / "tags" / "03-get-tags.bru"
    script.write_text(script.read_text().replace('to.eql("string")', 'to.eql("number")', 1))
    code, summary, said = run(collection, conduit, "tags")
    assert code != 0, said
    assert summary["failedRequests"] == 1
