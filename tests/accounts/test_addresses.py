"""E-mail addresses are judged after they are normalised, and found by one spelling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.accounts.addresses import INVALID, address, email_key
from buckler.accounts.problems import AccountError


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("mira@mail.example", "mira@mail.example"),
        ("  Mira@MAIL.example ", "Mira@mail.example"),
        ("\uff4d\uff49\uff52\uff41@mail.example", "mira@mail.example"),
        ("mira@bücher.example", "mira@bücher.example"),
        ("o'hara+shop@mail.example", "o'hara+shop@mail.example"),
    ],
)
def test_an_address_is_kept_as_it_is_written_after_normalisation(typed: str, kept: str) -> None:
    assert address(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "", "mira", "mira@", "@mail.example", "mira@localhost", "mira@mail.local", "mira@x.invalid", "a@b@c.example",
        "mira@mail.example\nBcc: x@y.example",
        "mira@[192.0.2.1]", "mira@mail..example", "m" * 300 + "@mail.example", "mira@mail.example,eve@mail.example", "<mira@mail.example>",
        "mira\uff20evil.example@mail.example", "mira\udcff@mail.example",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_by_field(typed: str) -> None:
    with pytest.raises(AccountError) as refused:
        address(typed, "new_email")
    assert (refused.value.problem, refused.value.field) == (INVALID, "new_email")


def test_an_address_that_becomes_another_by_normalisation_is_judged_as_that_one() -> None:
    """GHSA-7rqj-j65f-68wh: judged first and normalised later, a full-width at-sign would have become a second `@`."""
    assert address("mira\uff20mail.example") == "mira@mail.example"
    assert email_key("mira\uff20mail.example") == email_key(address("mira\uff20mail.example"))


@pytest.mark.parametrize("other", ["MIRA@mail.example", "\uff4d\uff49\uff52\uff41@mail.example", " mira@MAIL.example "])
def test_spellings_of_one_address_have_one_key(other: str) -> None:
    assert email_key(other) == email_key("mira@mail.example")


@given(st.text(max_size=400))
def test_any_text_has_a_key_and_is_an_address_or_none(text: str) -> None:
    assert email_key(email_key(text)) == email_key(text) or len(email_key(text)) > 254
    try:
        kept = address(text)
    except AccountError:
        return
    assert address(kept) == kept


@pytest.mark.parametrize("typed", ["\0", "mira@mail.example\0", "\ud800@mail.example", "mira\udfff"])
def test_any_text_has_a_key_that_a_database_takes(typed: str) -> None:
    assert "\ufffd" in email_key(typed)
    assert "\0" not in email_key(typed).encode().decode()
