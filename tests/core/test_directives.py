"""Cache directives: what is said, what is forbidden, and what cannot be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.core.directives import MAX_S, read_directives, read_strings, read_targeted


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"max-age=60", 60),
        (b'MAX-age="60"', 60),
        (b"max-age=0060", 60),
        (b"max-age=60, max-age=7", 7),
        (b"max-age=7,max-age=60", 7),
        (b"max-age=7, max-age=x", 0),
        (b"max-age=7, max-age", 0),
        (b"max-age=99999999999999999999999", MAX_S),
        (b"max-age=-1", 0),
        (b"max-age=1.5", 0),
        (b"max-age='60'", 0),
        (b"max-age", 0),
        (b"max-age =60", None),
        (b"max-age= 60", None),
        (b'x="max-age=60", public', None),
        (b'x="\\"max-age=60, max-age=7', 7),
        (b", ,", None),
        (b"", None),
    ],
)
def test_seconds(value: bytes, seconds: int | None) -> None:
    assert read_directives(value).seconds(b"max-age") == seconds


def test_private_and_no_cache_have_two_forms() -> None:
    said = read_directives(b'private="a, B", no-cache="c", no-cache="d"')
    assert (said.forbids(b"private"), said.fields(b"private")) == (False, frozenset({b"a", b"b"}))
    assert said.fields(b"no-cache") == {b"c", b"d"}
    said = read_directives(b'private="a", private, no-store')
    assert (said.forbids(b"private"), said.fields(b"private")) == (True, frozenset())
    assert b"no-store" in said
    assert not said.forbids(b"no-cache")
    assert not read_directives(b"")


def test_what_cannot_be_read_still_forbids() -> None:
    assert b"no-store" in read_directives(b"no-store=(, max-age=60")
    assert b"private" in read_directives(b"private please, max-age=60")
    assert b"max-age" not in read_directives(b"max-age please")
    assert b"no-store" in read_directives(b"x" * 5000)


@given(st.binary(max_size=80))
def test_nothing_is_an_error(value: bytes) -> None:
    read_directives(value).seconds(b"max-age")
    read_targeted(value)
    read_strings(value, 3)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (b"max-age=60", {b"max-age": b"60"}),
        (b" max-age=60 ,  no-store", {b"max-age": b"60", b"no-store": None}),
        (b'private=?1;x=1, no-store=?0, x="a"', {b"private": None, b"x": b"a"}),
        (b"foobar, max-age=60", {b"foobar": None, b"max-age": b"60"}),
    ],
)
def test_targeted_fields(value: bytes, said: dict[bytes, bytes | None]) -> None:
    found = read_targeted(value)
    assert found is not None
    assert found.said == said


@pytest.mark.parametrize(
    "value", [b"", b"max-age=60, &&&", b'max-age="60"', b"max-age", b"max-age =1", b"MaX-age=1", b"max-age=1.5", b"a,", b"a b", b"a=?0"]
)
def test_targeted_fields_that_are_to_be_ignored(value: bytes) -> None:
    assert read_targeted(value) is None


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (b'"a", "b";x=1 , "c\\"d"', ["a", "b", 'c"d']),
        (b'"a","b","c","d"', ["a", "b", "c"]),
        (b'"a",', []),
        (b'"a" "b"', []),
        (b"a", []),
        (b"", []),
    ],
)
def test_strings(value: bytes, found: list[str]) -> None:
    assert read_strings(value, 3) == found
