"""One cookie out of many, and never a planted one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.core.cookies import cookie

NAME = b"__Host-session"


@pytest.mark.parametrize(
    ("header", "value"),
    [
        (b"", None),
        (b"a=b", None),
        (b"__Host-session=x", b"x"),
        (b"__Host-session=", b""),
        (b"__Host-session", None),
        (b"a=b; __Host-session=x", b"x"),
        (b"a=b; __Host-session=x; c=d", b"x"),
        (b"a=b;__Host-session=x", b"x"),
        (b"a=b; \t__Host-session= x \t; c=d", b"x"),
        (b" __Host-session=x", b"x"),
        (b"__Host-session=x=y", b"x=y"),
        (b'__Host-session="x"', b'"x"'),
        (b"not__Host-session=x", None),
        (b"a=__Host-session=x", None),
        (b"__host-session=x", None),
        (b"__Host-session =x", None),
        (b"a=__Host-session=x; __Host-session=real", b"real"),
        (b'a="1; __Host-session=x', b"x"),  # a quote does not open a room in which a `;` hides
    ],
)
def test_finds_the_exact_name_alone(header: bytes, value: bytes | None) -> None:
    assert cookie(header, NAME) == value


@pytest.mark.parametrize("header", [b"=__Host-session=x", b"a=b; =__Host-session=x", b" =__Host-session=x", b"==__Host-session=x"])
def test_a_nameless_cookie_is_not_ours(header: bytes) -> None:
    """CVE-2023-23934."""
    assert cookie(header, NAME) is None
    assert cookie(header + b"; __Host-session=real", NAME) == b"real"


def test_a_planted_second_one_makes_a_prefixed_cookie_absent() -> None:
    assert cookie(b"__Host-session=evil; __Host-session=real", NAME) is None
    assert cookie(b"__Secure-a=1;__Secure-a=1", b"__Secure-a") is None


def test_the_first_of_several_plain_ones_wins() -> None:
    assert cookie(b"theme=dark; theme=light", b"theme") == b"dark"


def test_a_name_is_no_pattern() -> None:
    assert cookie(b"aXb=1; a=2", b"a.b") is None
    assert cookie(b"x; a.b=1; a.b=2", b"a.b") == b"1"


def test_a_huge_field_is_read_once() -> None:
    """Linear: a megabyte of almost-matches is no work (a quadratic search would not end)."""
    assert cookie(b"x__Host-session=1;" * 60_000 + b" " * 100_000, NAME) is None


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_agrees_with_the_plain_definition(before: bytes, after: bytes) -> None:
    """Cut at `;`, trim blanks, exact name: whatever stands around it."""
    header = before + b"theme=1" + after
    pieces = [piece.strip(b" \t") for piece in header.split(b";")]
    named = [piece.partition(b"=")[2].strip(b" \t") for piece in pieces if piece.startswith(b"theme=")]
    assert cookie(header, b"theme") == (named[0] if named else None)
