"""The meter: what it says, and that it cannot be made to work for long."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.accounts.passwords import strength
from buckler.accounts.passwords.strength import _MAX_SUBSTITUTES, _READS_CHARS, _SUBSTITUTES, _readable


@pytest.mark.parametrize(
    ("password", "score"),
    [
        ("", 0),
        ("password", 0),
        ("aaaaaaaaaaaa", 0),
        ("qwertyuiop[]", 1),
        ("kv7#qLpX", 2),
        ("correct horse", 3),
        ("correct horse battery", 4),
    ],
)
def test_scores(password: str, score: int) -> None:
    assert strength(password).score == score


def test_own_words_are_easy_to_guess() -> None:
    assert strength("h4rb0urb00ks!").score == 3
    assert strength("h4rb0urb00ks!", ["harbourbooks"]).score == 1


def test_advice_is_told_in_codes() -> None:
    found = strength("password")
    assert found.warning == "this_is_a_top10_password"
    assert found.suggestions == ("add_another_word_or_two",)
    assert strength("correct horse battery staple").suggestions == ()


def test_half_a_character_has_no_strength() -> None:
    assert strength("\ud800 half a character").score == 0


def test_what_is_not_read_does_not_count_against_a_password() -> None:
    assert strength("correct horse battery staple" + "a" * 1000).score == 4


@given(st.text(st.sampled_from("".join(sorted(_SUBSTITUTES)) + "abc"), max_size=200))
def test_few_kinds_of_substitute_are_left_to_be_read(password: str) -> None:
    """The meter tries every reading of `4@8({[<3…` as letters: 100 such characters took it 0.8 s, all of them on the event loop."""
    read = _readable(password)
    assert len(read) == min(len(password), _READS_CHARS)
    assert len(set(read) & _SUBSTITUTES) <= _MAX_SUBSTITUTES
    assert all(now in {before, "~"} for before, now in zip(password, read, strict=False))


def test_the_worst_password_is_judged() -> None:
    substitutes = "".join(itertools.islice(itertools.cycle(sorted(_SUBSTITUTES)), 1024))
    assert strength(substitutes).score >= 2
