"""Which passwords are taken and which are not, and what becomes of the answer when a list cannot be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.accounts.passwords import CHEAPEST_FOR_TESTS, Passwords, judge, policy
from buckler.accounts.passwords.hasher import TOO_LONG, UNREADABLE
from buckler.accounts.passwords.policy import COMMON, OWN, TOO_SHORT, WEAK, is_own, own_words
from buckler.accounts.problems import AccountError, Problem
from buckler.core.clock import HandClock
from buckler.core.event import Events
from buckler.core.sign import Keys
from buckler.core.site import Site
from buckler.stores.memory import Memory
from buckler.testing import SECRET

if TYPE_CHECKING:
    from collections.abc import Sequence

CLOCK = HandClock()
SITE = Site(hosts=("shop.example",), keys=Keys([SECRET]), store=Memory(clock=CLOCK), clock=CLOCK, events=Events())
OPTIONS = Passwords(profile=CHEAPEST_FOR_TESTS)
MIRA = ("mira.holm@mail.example", "Harbour Books", "Mira Holm")


async def _problem(password: str, own: Sequence[str] = MIRA, options: Passwords = OPTIONS) -> Problem | None:
    try:
        await judge(options, password, own=own, site=SITE)
    except AccountError as failure:
        return failure.problem if failure.field == "password" else None
    return None


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("", TOO_SHORT),
        ("kv7#qLp", TOO_SHORT),
        ("ﬃ" * 7, TOO_SHORT),  # seven characters, though they look like 21
        ("a\u0308" * 7, TOO_SHORT),  # seven after NFC
        ("w" * 1025, TOO_LONG),
        ("\ud800 half a character", UNREADABLE),
        ("password", COMMON),
        ("PassWord1", COMMON),
        ("".join(chr(ord(digit) + 0xFEE0) for digit in "12345678"), COMMON),  # full width
        ("iloveyou", COMMON),
        ("mira.holm@mail.example", OWN),
        ("MIRA HOLM", OWN),
        ("miraholm", OWN),
        ("mira.holm1", OWN),
        ("holmmira99!", OWN),
        ("HarbourBooks", OWN),
        ("harbour-books-12", OWN),
        ("aaaaaaaaaaaa", WEAK),
        ("Summer2024", WEAK),
        ("12341234123412341234", WEAK),
        ("p4ssw0rd2024", WEAK),
        ("mira.holm1987", OWN),
        ("Mira+Mira+Mira", OWN),
        ("h4rb0urb00ks!", WEAK),  # the meter knows whose name it is
    ],
)
async def test_refused(password: str, problem: Problem) -> None:
    assert await _problem(password) is problem


@pytest.mark.parametrize(
    "password",
    [
        "kv7#qLpX",  # eight characters that say nothing
        "correct horse battery staple",
        "all lower case and long enough",
        "   spaces around are kept   ",
        "пароль из четырёх слов",
        "猫と犬と海と山と空",
        "🐙🌋🎺🧲🪁🦑🎈🍕",
        "\x00\x01 control characters \x7f",
        "walks with mira by the quiet lake",
        "w" * 30 + " and a horse named battery",
        "~" * 8 + "".join(chr(0x4E00 + 7 * number) for number in range(1016)),  # 1,024 characters
    ],
)
async def test_taken(password: str) -> None:
    assert await _problem(password) is None


async def test_the_sentences_name_the_numbers() -> None:
    with pytest.raises(AccountError) as raised:
        await judge(Passwords(profile=CHEAPEST_FOR_TESTS, min_chars=15), "fourteen chars", own=(), site=SITE)
    assert raised.value.fix == "Use at least 15 characters."


async def test_the_common_list_can_be_switched_off_by_a_name_that_says_so() -> None:
    options = Passwords(profile=CHEAPEST_FOR_TESTS, insecure_allow_common=True, min_strength=0)
    assert await _problem("password", options=options) is None
    assert await _problem("password", options=Passwords(profile=CHEAPEST_FOR_TESTS, min_strength=0)) is COMMON


async def test_the_least_strength_is_an_option() -> None:
    assert await _problem("Summer2024", options=Passwords(profile=CHEAPEST_FOR_TESTS, min_strength=0)) is None
    assert await _problem("kv7#qLpX", options=Passwords(profile=CHEAPEST_FOR_TESTS, min_strength=3)) is WEAK


async def test_the_large_list_knows_more() -> None:
    known = "yunexoxzoy1959"
    assert await _problem(known, options=Passwords(profile=CHEAPEST_FOR_TESTS, min_strength=0)) is None
    assert await _problem(known, options=Passwords(profile=CHEAPEST_FOR_TESTS, min_strength=0, large_list=True)) is COMMON
    for taken in ("kv7#qLpX", "correct horse battery stapler"):
        assert await _problem(taken, options=Passwords(profile=CHEAPEST_FOR_TESTS, large_list=True)) is None


# ---- one's own words


def test_which_words_are_ones_own() -> None:
    assert own_words(["Jo", "", "jo.ann-smith@mail.example", "The Little Shop"]) == [
        "joannsmithmail.example".replace(".", ""),
        "thelittleshop",
        "joannsmith",
        "example",
        "little",
        "smith",
        "mail",
        "shop",
    ]


def test_a_short_name_is_in_too_many_words_to_be_refused() -> None:
    assert not is_own("journal", own_words(["jo"]))
    assert is_own("ann12", own_words(["ann"]))
    assert not is_own("annapurna summit", own_words(["ann"]))


def test_what_is_ones_own_is_bounded() -> None:
    words = own_words(["word" * 1000, *(f"name{number}" for number in range(1000))])
    assert len(words) == policy._MAX_OWN
    assert max(map(len, words)) <= policy._MAX_OWN_CHARS


@given(st.text(min_size=3, max_size=30), st.sampled_from(["{}", "{}1", "1{}!", "{}{}", " {} ", "-{}."]))
def test_no_spelling_of_ones_own_name_passes(name: str, around: str) -> None:
    words = own_words([name])
    if words:
        for spelling in (name, name.upper(), normalize("NFKC", name)):
            if normalize("NFKC", spelling).casefold() == normalize("NFKC", name).casefold():
                assert is_own(around.format(spelling, spelling), words)
