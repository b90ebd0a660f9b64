from __future__ import annotations

import re
import string
import zlib
from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.accounts.tokens import opaque


def test_the_look() -> None:
    text = opaque.make("bk", opaque.PERSONAL)
    assert re.fullmatch(r"bkp_[0-9A-Za-z]{36}", text)
    assert opaque.is_one(text, "bk", opaque.PERSONAL)
    assert len(text) == 40


def test_there_is_more_to_guess_than_anybody_can() -> None:
    assert opaque._RANDOM_CHARS * log2(len(opaque._ALPHABET)) > 160
    assert len({opaque.make("bk", "p") for _ in range(500)}) == 500


def test_the_checksum_is_crc32_in_base_62() -> None:
    """A scanner of leaked secrets does the same: CRC-32 of everything before, six digits of 0-9 A-Z a-z."""
    assert opaque._check("bkp_" + "0" * 30) == "3WgbT0"
    assert opaque._check("") == "000000"
    digits = string.digits + string.ascii_uppercase + string.ascii_lowercase
    text = opaque.make("bk", "p")
    assert sum(digits.index(char) * 62**place for place, char in enumerate(reversed(text[-6:]))) == zlib.crc32(text[:-6].encode())


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text, True),
        (lambda text: text[:-1], False),
        (lambda text: text + "0", False),
        (lambda text: "zz" + text[2:], False),
        (lambda text: text.replace("bkp_", "bkr_"), False),
        (lambda text: text.upper(), False),
        (lambda text: " " + text[1:], False),
        (lambda text: text[:10] + "é" + text[11:], False),
        (lambda text: text[:10] + "-" + text[11:], False),
        (lambda _: "", False),
    ],
)
def test_what_looks_like_a_token(change: object, told: bool) -> None:
    assert callable(change)
    assert opaque.is_one(change("bkp_" + "0" * 30 + "3WgbT0"), "bk", "p") is told


@given(st.integers(4, 39), st.sampled_from(opaque._ALPHABET))
def test_every_mistyped_character_is_noticed(at: int, char: str) -> None:
    text = "bkp_" + "0123456789ABCDEFGHIJKLMNOPQRST"
    text += opaque._check(text)
    assert opaque.is_one(text, "bk", "p")
    changed = text[:at] + char + text[at + 1 :]
    assert opaque.is_one(changed, "bk", "p") is (changed == text)


@given(st.text(max_size=60))
def test_any_text_is_judged_without_an_error(text: str) -> None:
    assert opaque.is_one(text, "bk", "p") is False


def test_the_hint_belongs_to_the_checksum() -> None:
    text = opaque.make("bk", opaque.REFRESH)
    assert opaque.hint_of(text) == text[-4:]
    assert len(opaque.digest_of(text)) == 32
