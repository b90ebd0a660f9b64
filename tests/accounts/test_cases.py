"""What the cases are judged by can say yes and no. That each case can fail, and does not, is in tests/contract/test_account_cases.py."""

from __future__ import annotations

import pytest

from buckler.accounts.cases import CASES, PARTS, forged
from buckler.accounts.cases.asks import taken, told_apart
from buckler.accounts.cases.leading import leads_away
from buckler.core.case import Heard, Place


def _heard(status: int = 200, body: bytes = b"", *, reached: bool = True, code: str = "", **headers: str) -> Heard:
    return Heard(status, tuple((name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()), body, reached, code)


@pytest.mark.parametrize(
    ("where", "away"),
    [
        ("", False),
        ("/", False),
        ("/articles?next=https://evil.example", False),
        ("https://shop.example/articles", False),
        ("https://evil.example/", True),
        ("//evil.example", True),
        ("/\\evil.example", True),
        ("///evil.example", True),
        ("/\t/evil.example", True),
        (" //evil.example", True),
        ("https:evil.example", True),
        ("https://shop.example@evil.example/", True),
        ("https://shop.example.evil.example/", True),
        ("javascript:alert(1)", True),
    ],
)
def test_where_a_browser_is_led(where: str, away: bool) -> None:
    assert leads_away([_heard(303, location=where)]) is away


@pytest.mark.parametrize(
    ("heard", "did"),
    [
        (_heard(), True),
        (_heard(303), True),
        (_heard(307), False),
        (_heard(401), False),
        (_heard(reached=False), False),
        (_heard(code="account.too_many"), False),
    ],
)
def test_what_was_taken(heard: Heard, did: bool) -> None:
    assert taken([heard]) is did


@pytest.mark.parametrize(
    "other",
    [
        _heard(404),
        _heard(body=b"no such person"),
        _heard(code="a.b"),
        _heard(set_cookie="half=1"),
        _heard(retry_after="7"),
        _heard(location="/"),
    ],
)
def test_what_tells_two_answers_apart(other: Heard) -> None:
    assert not told_apart([other, other])
    assert told_apart([_heard(), other])
    assert not told_apart([_heard(set_cookie="id=1"), _heard(set_cookie="id=2")])


@pytest.mark.parametrize("text", ["", "..", "a.b.c", "W10.W10.W10"])
def test_nothing_is_forged_out_of_nothing(text: str) -> None:
    """A target that gives no token is found not to have let the forged one in, and the player goes on."""
    for case in forged.CASES:
        (_, _, forge) = case.turns[-1].makes[0]
        assert forge(text).count(".") == 2


def test_every_case_is_in_a_part_and_in_a_place() -> None:
    assert sum(map(len, PARTS.values())) == len(CASES)
    for case in CASES:
        assert all(turn.at in set(Place) for turn in case.turns), case.name
        assert case.honest or case.sources, case.name
