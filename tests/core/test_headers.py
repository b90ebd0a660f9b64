from __future__ import annotations

import pytest

from buckler.core.headers import Header, add_vary, first, header, tokens


def test_header_is_lower_case_bytes() -> None:
    assert header("X-Frame-Options", "DENY") == (b"x-frame-options", b"DENY")


@pytest.mark.parametrize(("name", "value"), [("bad name", "x"), ("", "x"), ("x", "a\r\nset-cookie: b"), ("x", "a\x7f")])
def test_header_refuses_what_is_none(name: str, value: str) -> None:
    with pytest.raises(ValueError, match="not a header"):
        header(name, value)


def test_first_finds_any_case() -> None:
    assert first([(b"A", b"1"), (b"a", b"2")], b"a") == b"1"
    assert first([], b"a") is None


def test_tokens_forgives_odd_spaces() -> None:
    assert tokens(b"Accept,  Cookie ,,x ") == [b"accept", b"cookie", b"x"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([], b"Cookie"),
        ([(b"vary", b"Accept,  Origin")], b"Accept, Origin, Cookie"),
        ([(b"vary", b"accept"), (b"Vary", b"COOKIE")], b"accept, COOKIE"),
        ([(b"vary", b"*")], b"*"),
        ([(b"vary", b"accept, *")], b"*"),
    ],
)
def test_add_vary_keeps_one_field(before: list[Header], after: bytes) -> None:
    add_vary(before, b"Cookie")
    assert before == [(b"vary", after)]
