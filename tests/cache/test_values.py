"""What is written is read as it was, and what was not written here is not read."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from buckler.cache.kinds import Kind, kinds_of
from buckler.cache.values import NoValueError, Values, never_changes
from buckler.errors import ConfigError
from tests.cache import kinds
from tests.cache.kinds import Account, Article, Author, Colour, Counted, Draft, Point, Profile, Right, State

BERLIN = ZoneInfo("Europe/Berlin")
PLAIN = Values()


def returns_everything() -> dict[str, Article | Draft | Profile | list[Colour] | Counted | None]:
    return {}


KNOWN = Values(kinds_of(returns_everything))


def same(one: object, other: object) -> bool:
    """Also of the same types, all the way down."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(map(same, one, other)) and all(map(same, one.values(), other.values()))
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return repr(one) == repr(other)


@pytest.mark.parametrize(
    "thing",
    [
        None,
        True,
        0,
        -(2**200),
        1.5,
        float("nan"),
        float("-inf"),
        "é\ud800\x00",
        [],
        {},
        {"$": 1},
        {"$": ["tuple", [1]]},
        {"a": {"$": "b"}},
        {1: "a", "1": "b", (1, 2): "c", None: "d"},
        (1, (2, [3])),
        {1},
        frozenset({(1, "a")}),
        b"\x00\xff",
        Decimal("1.10"),
        Decimal("NaN"),
        UUID(int=7),
        date(2026, 2, 28),
        time(12, 30, 1, 5),
        time(12, 30, tzinfo=UTC),
        datetime(2026, 2, 28, 1, 2, 3, 4),  # noqa: DTZ001  # a naive one comes back as one
        datetime(2026, 2, 28, tzinfo=UTC),
        datetime(2026, 2, 28, tzinfo=timezone(timedelta(hours=-3, microseconds=-1))),
        datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1),
        timedelta(days=-1, microseconds=3),
    ],
)
def test_it_comes_back_as_it_was(thing: object) -> None:
    assert same(PLAIN.read(PLAIN.write(thing)), thing)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.decimals() | st.uuids() | st.datetimes(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers() | st.just("$"), inner) | st.tuples(inner),
    max_leaves=20,
)


@given(JSON)
def test_whatever_is_written(thing: object) -> None:
    assert same(PLAIN.read(PLAIN.write(thing)), thing)


@given(
    st.binary() | st.text().map(str.encode) | JSON.map(PLAIN.write).flatmap(lambda raw: st.integers(0, len(raw)).map(lambda at: raw[at:]))
)
def test_whatever_is_read_is_data_or_a_value_error(raw: bytes) -> None:
    try:
        found = PLAIN.read(raw)
    except ValueError:
        return
    PLAIN.write(found)


@pytest.mark.parametrize(
    "thing",
    [
        Article("a", Author("b"), State.PUBLIC, Right.WRITE, (Point(1, 2.5),)),
        [Draft(["x", "y"])],
        {"p": Profile(name="a", friends=["b"])},
        (Colour.RED, State.DRAFT, Right.READ | Right.WRITE),
    ],
)
def test_types_that_a_function_names_come_back(thing: object) -> None:
    found = KNOWN.read(KNOWN.write(thing))
    assert found == thing
    assert type(found) is type(thing)
    with pytest.raises(NoValueError, match="is not known"):
        PLAIN.write(thing)
    with pytest.raises(ValueError, match="not a value"):
        PLAIN.read(KNOWN.write(thing))


@pytest.mark.parametrize(
    "thing",
    [object(), Markup("<b>"), Counted(), Account(name="a"), type("Sub", (int,), {})(1), {"a": [print]}],
)
def test_what_nobody_named_is_refused(thing: object) -> None:
    with pytest.raises(NoValueError, match="is not known"):
        KNOWN.write(thing)


def test_a_model_that_does_not_say_all_that_it_holds_is_refused() -> None:
    def returns() -> Account:
        return Account(name="a")

    values = Values(kinds_of(returns))
    assert values.read(values.write(Account(name="a"))) == Account(name="a")
    with pytest.raises(TypeError, match="does not come back"):
        values.write(Account(name="a", password="secret"))  # type: ignore[arg-type]  # it makes one
    with pytest.raises(TypeError, match="does not come back"):
        values.write(Account(name="a", hidden="b"))


class Zone(tzinfo):
    """Of nobody's rules."""

    def utcoffset(self, _: datetime | None) -> timedelta:
        return timedelta()

    dst = utcoffset

    def tzname(self, _: datetime | None) -> str:
        return "nowhere"


def test_what_has_no_end_or_no_form_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(NoValueError, match="cannot be written"):
        PLAIN.write(endless)
    with pytest.raises(NoValueError, match="cannot be written"):
        PLAIN.write(10**5000)
    with pytest.raises(NoValueError, match="time zone of the type Zone"):
        PLAIN.write(datetime(2026, 1, 1, tzinfo=Zone()))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"\xff",
        b'{"$":1}',
        b'{"$":["Nowhere",[]]}',
        b'{"$":["os.system",["true"]]}',
        b'{"$":["bytes","!"]}',
        b'{"$":["UUID","x"]}',
        b'{"$":["Decimal","x"]}',
        b'{"$":["datetime",["2026-13-01",0,null]]}',
        b'{"$":["datetime",["2026-01-01",0,"../../etc/passwd"]]}',
        b'{"$":["datetime",["2026-01-01",0,"Nowhere/Else"]]}',
        b'{"$":["timedelta",[1e300]]}',
        b'{"$":["set",[[]]]}',
        b'{"$":["Article",{"slug":"a"}]}',
        b'{"$":["State","NOTHING"]}',
        b'{"$":["Profile","{}"]}',
        b"[" * 100_000,
    ],
)
def test_what_was_not_written_here_is_a_value_error(raw: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # of whichever reader
        KNOWN.read(raw)


def test_reading_runs_no_code_of_the_writers_choice() -> None:
    """What `pickle` would do with `cos\\nsystem\\n…` is here a text like any other."""
    text = "cos\nsystem\n(S'true'\ntR."
    assert PLAIN.read(PLAIN.write(text)) == text
    with pytest.raises(ValueError, match="Expecting"):
        PLAIN.read(text.encode())


# ---- annotations


def names(function: Any) -> set[str]:
    return {kind.name for kind in kinds_of(function)}


def test_types_are_found_wherever_an_annotation_holds_them() -> None:
    assert names(returns_everything) == {"Article", "Author", "State", "Right", "Point", "Draft", "Profile", "Colour"}

    def without():  # type: ignore[no-untyped-def]  # noqa: ANN202  # as users write it
        return 1

    def unreadable() -> Nowhere:  # type: ignore[name-defined]  # noqa: F821  # imported for type checkers alone
        return 1

    def blind() -> kinds.Blind:
        return kinds.Blind(1)

    assert names(without) == set()
    assert names(unreadable) == set()
    assert names(blind) == {"Blind"}


def test_two_types_of_one_name_need_forms_of_their_own() -> None:
    other = type("Author", (), {})
    with pytest.raises(ConfigError, match="two types have one name"):
        Values([Kind(Author, "Author", list, list), Kind(other, "Author", list, list)])
    with pytest.raises(ConfigError, match="a name of ours"):
        Values([Kind(other, "tuple", list, list)])


@pytest.mark.parametrize(
    ("thing", "never"),
    [
        (1, True),
        ("a", True),
        (b"", True),
        (None, True),
        (UUID(int=1), True),
        ((1, ("a",)), True),
        (frozenset({1}), True),
        (State.DRAFT, True),
        (Point(1, 2), True),
        (Article("a", Author("b")), True),
        ([], False),
        ({}, False),
        (set(), False),
        ((1, []), False),
        (Author([]), False),  # type: ignore[arg-type]  # a careless one
        (Draft([]), False),
        (Profile(name="a"), False),
        (object(), False),
    ],
)
def test_what_can_be_handed_to_many(thing: object, never: bool) -> None:
    assert never_changes(thing) is never


def test_it_is_json_for_whoever_looks_into_the_store() -> None:
    assert json.loads(PLAIN.write({"a": [1, "é", None]})) == {"a": [1, "é", None]}
