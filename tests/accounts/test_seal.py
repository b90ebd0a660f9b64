from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.accounts.seal import Seal
from buckler.core.sign import Keys
from buckler.errors import ConfigError, VerificationError

NEW, OLD = "n" * 32, "o" * 32


def test_what_was_sealed_is_opened() -> None:
    seal = Seal(Keys([NEW]), "totp")
    text = seal.seal(b"seed", "row 1")
    assert seal.open(text, "row 1") == b"seed"
    assert text.isascii()
    assert "seed" not in text
    assert base64.urlsafe_b64encode(b"seed").decode() not in text


def test_one_secret_is_never_sealed_to_the_same_text_twice() -> None:
    seal = Seal(Keys([NEW]), "totp")
    assert len({seal.seal(b"seed", "") for _ in range(1000)}) == 1000


def test_the_length_that_is_told() -> None:
    seal = Seal(Keys([NEW]), "totp")
    assert len(seal.seal(b"", "")) == 50
    assert seal.open(seal.seal(b"", ""), "") == b""


def test_a_text_of_another_purpose_is_refused() -> None:
    """CVE-2026-6873: values that were signed for one purpose verified for another."""
    keys = Keys([NEW])
    text = Seal(keys, "totp").seal(b"seed", "a")
    for purpose in ("ticket", "totp ", "Totp", "tot", "totp2"):
        with pytest.raises(VerificationError):
            Seal(keys, purpose).open(text, "a")


def test_purpose_and_place_do_not_run_into_each_other() -> None:
    """CVE-2026-6873 again: `ab` + `c` is not `a` + `bc`, even were the keys of both the same."""
    keys = Keys([NEW])
    text = Seal(keys, "ab").seal(b"seed", "c")
    other = Seal(keys, "a")
    other._ciphers = Seal(keys, "ab")._ciphers
    with pytest.raises(VerificationError):
        other.open(text, "bc")


def test_a_text_from_another_place_is_refused() -> None:
    seal = Seal(Keys([NEW]), "totp")
    text = seal.seal(b"seed", "person 1")
    for place in ("person 2", "person 1 ", "", "person"):
        with pytest.raises(VerificationError):
            seal.open(text, place)


def test_a_text_of_another_site_is_refused() -> None:
    with pytest.raises(VerificationError):
        Seal(Keys([NEW]), "totp").open(Seal(Keys([OLD]), "totp").seal(b"seed", ""), "")


def test_an_older_secret_still_opens_and_its_texts_are_outdated() -> None:
    text = Seal(Keys([OLD]), "totp").seal(b"seed", "a")
    seal = Seal(Keys([NEW, OLD]), "totp")
    assert seal.open(text, "a") == b"seed"
    assert seal.is_outdated(text)
    anew = seal.seal(seal.open(text, "a"), "a")
    assert not seal.is_outdated(anew)
    assert Seal(Keys([NEW]), "totp").open(anew, "a") == b"seed"
    with pytest.raises(VerificationError):
        Seal(Keys([NEW]), "totp").open(text, "a")


def test_the_name_of_the_key_cannot_be_exchanged() -> None:
    keys = Keys([NEW, OLD])
    text = Seal(Keys([OLD]), "totp").seal(b"seed", "")
    newest = Seal(keys, "totp").seal(b"", "").split(".")[1]
    version, _, body = text.split(".")
    with pytest.raises(VerificationError):
        Seal(keys, "totp").open(f"{version}.{newest}.{body}", "")


def test_every_change_of_one_character_is_refused() -> None:
    seal = Seal(Keys([NEW]), "totp")
    text = seal.seal(b"se", "")
    for at in range(len(text)):
        for char in "Aw_.=0 \n":
            if text[at] != char:
                with pytest.raises(VerificationError):
                    seal.open(text[:at] + char + text[at + 1 :], "")


def test_another_spelling_of_the_same_bytes_is_refused() -> None:
    """Base64 leaves four bits of the last character unused here: sixteen texts say the same, and one of them is the text."""
    seal = Seal(Keys([NEW]), "totp")
    text = seal.seal(b"", "")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert text[-1] in alphabet[::16]
    for more in range(1, 16):
        with pytest.raises(VerificationError):
            seal.open(text[:-1] + alphabet[alphabet.index(text[-1]) + more], "")


@pytest.mark.parametrize(
    "text",
    ["", "s1", "s1..", "s1.AAAAAAAA.", "s1.AAAAAAAA." + "A" * 38, "s2.AAAAAAAA." + "A" * 60, "s1.AAAAAAAA." + "é" * 40, "{}", "s1." * 20],
)
def test_what_was_never_sealed(text: str) -> None:
    with pytest.raises(VerificationError):
        Seal(Keys([NEW]), "totp").open(text, "")


def test_an_impossible_length_of_base64() -> None:
    seal = Seal(Keys([NEW]), "totp")
    start = seal.seal(b"", "")[:12]
    for length in range(38, 46):
        with pytest.raises(VerificationError):
            seal.open(start + "A" * length, "")


@given(raw=st.binary(max_size=300), bound=st.text(max_size=40), tail=st.text(max_size=10))
def test_opens_what_it_sealed_and_nothing_else(raw: bytes, bound: str, tail: str) -> None:
    seal = Seal(Keys([NEW, OLD]), "any")
    text = seal.seal(raw, bound)
    assert seal.open(text, bound) == raw
    assert not seal.is_outdated(text)
    if tail:
        with pytest.raises(VerificationError):
            seal.open(text + tail, bound)


@given(st.text(max_size=200))
def test_any_text_is_refused_in_one_way(text: str) -> None:
    seal = Seal(Keys([NEW]), "any")
    with pytest.raises(VerificationError, match="not sealed here"):
        seal.open(text, "")
    assert seal.is_outdated(text)


def test_it_needs_a_purpose_and_shows_no_key() -> None:
    with pytest.raises(ConfigError):
        Seal(Keys([NEW]), "")
    assert repr(Seal(Keys([NEW, OLD]), "totp")) == "Seal('totp', 2)"
