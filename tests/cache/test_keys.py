"""Two calls share a key only where everything that they were given is of the same types and values."""

from __future__ import annotations

import io
import itertools
import struct
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from buckler.cache import keys
from buckler.cache.keys import NoKeyError, need_public, text_of
from buckler.core.request import Request
from tests.cache.kinds import Article, Author, Colour, Draft, Point, Right, State

BERLIN = ZoneInfo("Europe/Berlin")
DIFFERENT: list[Any] = [
    None,
    True,
    False,
    1,
    0,
    -1,
    1.0,
    0.0,
    -0.0,
    10**5000,
    float("inf"),
    1j,
    "",
    "1",
    "None",
    b"1",
    b"",
    (),
    (1,),
    ("1",),
    ((1,),),
    (1, 2),
    ((1, 2),),
    ((1,), 2),
    ("a", "bc"),
    ("ab", "c"),
    ("ab,c",),
    frozenset(),
    frozenset({1}),
    frozenset({1, 2}),
    frozenset({True, 2}),
    Decimal(1),
    Decimal("1.0"),
    UUID(int=1),
    str(UUID(int=1)),
    date(2026, 1, 1),
    datetime(2026, 1, 1),  # noqa: DTZ001  # a naive one is a type of its own
    datetime(2026, 1, 1, tzinfo=UTC),
    datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1))),
    datetime(2026, 1, 1, tzinfo=BERLIN),  # the same moment, and another day after a month
    datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN),
    datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1),
    time(0, 0),
    time(0, 0, tzinfo=UTC),
    timedelta(seconds=1),
    timedelta(1),
    State.DRAFT,
    "draft",
    Colour.RED,
    Right.READ,
    Right.READ | Right.WRITE,
    Point(1, 2),
    (1, 2.0),
    Article("a", Author("b")),
    Author("b"),
    "é",
    "e\u0301",
    "K",
    "\u212a",  # the Kelvin sign (CVE-2026-25480)
    "\ud800",
]


def test_nothing_shares_a_key() -> None:
    texts = {text_of(thing): thing for thing in DIFFERENT}
    assert len(texts) == len(DIFFERENT)


def test_the_same_is_the_same() -> None:
    for thing in DIFFERENT:
        assert text_of(thing) == text_of(thing)
    assert text_of(frozenset("abcdefgh")) == text_of(frozenset(reversed("abcdefgh")))
    assert text_of(Article("a", Author("b"))) == text_of(Article("a", Author("b")))


def test_neighbours_do_not_reach_into_each_other() -> None:
    """CVE-2026-25480: `/a` + `?b=1` and `/ab=1` had one key."""
    pairs = list(itertools.product(DIFFERENT, repeat=2))
    assert len({text_of(one) + text_of(other) for one, other in pairs}) == len(pairs)


THINGS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary() | st.uuids() | st.timedeltas(),
    lambda inner: st.tuples(inner, inner) | st.lists(inner).map(tuple) | st.frozensets(st.text()),
)


def _exact(thing: Any) -> Any:
    """Types and values: what Python's `==` does not tell apart."""
    if isinstance(thing, tuple):
        return ("tuple", *map(_exact, thing))
    return (type(thing).__name__, repr(thing) if isinstance(thing, float) else thing)


@given(st.lists(THINGS, max_size=4), st.lists(THINGS, max_size=4))
def test_whatever_is_given(one: list[Any], other: list[Any]) -> None:
    same = list(map(_exact, one)) == list(map(_exact, other))
    assert ("".join(map(text_of, one)) == "".join(map(text_of, other))) == same


class More(Author):
    """Is no dataclass itself, and may hold what its fields do not say."""


class Zone(tzinfo):
    """Of nobody's rules."""

    def utcoffset(self, _: datetime | None) -> timedelta:
        return timedelta()

    dst = utcoffset

    def tzname(self, _: datetime | None) -> str:
        return "nowhere"


def local() -> object:
    @dataclass(frozen=True)
    class Local:
        x: int

    return Local(1)


@pytest.mark.parametrize(
    ("thing", "message"),
    [
        ([1], "a list can change"),
        ({"a": 1}, "a dict can change"),
        ({1}, "a set can change"),
        (bytearray(b"1"), "a bytearray can change"),
        ((1, [2]), "a list can change"),
        (Draft(["a"]), "Draft says nothing that a key"),
        (Markup("a"), "Markup says nothing"),
        (More("a"), "More says nothing"),
        (object(), "object says nothing"),
        (print, "says nothing"),
        (Author, "type says nothing"),
        (local(), "made inside a function"),
        (datetime(2026, 1, 1, tzinfo=Zone()), "a time zone of the type Zone"),
        (Request(), "belongs to one caller"),
    ],
)
def test_what_has_no_key_is_refused_with_a_reason(thing: object, message: str) -> None:
    with pytest.raises(NoKeyError, match=message):
        text_of(thing)


def test_a_zone_without_a_name_has_no_key() -> None:
    raw = b"TZif" + bytes(16) + struct.pack(">6l", 0, 0, 0, 0, 1, 4) + struct.pack(">lbb", 0, 0, 0) + b"UTC\0"
    nameless = ZoneInfo.from_file(io.BytesIO(raw))
    with pytest.raises(NoKeyError, match="ZoneInfo"):
        text_of(datetime(2026, 1, 1, tzinfo=nameless))


def test_types_that_know_who_asks_are_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "_PUBLIC", set())
    monkeypatch.setattr(keys, "_MAX_TYPES", 2)
    need_public([1, "a", 2, b"", 1.0])
    assert {int, str} == keys._PUBLIC
    with pytest.raises(NoKeyError, match="belongs to one caller"):
        need_public([1, type("Request", (Request,), {})()])  # each guard has a subclass of its own
