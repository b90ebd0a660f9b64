"""Which calls share a result: names, signatures, versions, and what belongs to one caller."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from starlette.requests import Request as StarletteRequest

from buckler.accounts.proof import prove
from buckler.cache.function import Function
from buckler.cache.keys import NoKeyError
from buckler.core.request import Request

if TYPE_CHECKING:
    from collections.abc import Callable

ID = UUID(int=7)


def key_of(function: Callable[..., Any], *args: Any, **given: Any) -> str:
    return Function(function, key=None, person="", version="", name="").call(args, given).key


def of(function: Callable[..., Any], **options: Any) -> Function:
    return Function(function, **{"key": None, "person": "", "version": "", "name": "", **options})


def named(name: str, function: Any, module: str = "m") -> Any:
    function.__qualname__, function.__module__ = name, module
    return function


def test_modules_names_signatures_and_versions_are_part_of_the_key() -> None:
    functions = [
        named("f", lambda a: a),
        named("f", lambda a: a, module="n"),
        named("f.g", lambda a: a),
        named("f", lambda b: b),
        named("f", lambda a, b=1: (a, b)),
        named("f", lambda a, b=1.0: (a, b)),
        named("f", lambda a, b="1": (a, b)),
        named("f", lambda a, b=object(): (a, b)),  # noqa: B008  # as users write it
        named("f", lambda a, *b: (a, b)),
    ]

    def annotated(a: int) -> int:
        return a

    functions.append(named("f", annotated))
    keys = [of(function)._prefix for function in functions]
    keys += [of(functions[0], version="2")._prefix, of(functions[0], name="other")._prefix]
    assert len(set(keys)) == len(keys)
    assert of(functions[0])._prefix == of(named("f", lambda a: a))._prefix
    assert of(functions[7])._prefix == of(named("f", lambda a, b=object(): (a, b)))._prefix  # noqa: B008  # wherever the object lies


def test_two_programs_of_one_store_have_two_main_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    main = named("f", lambda: 1, module="__main__")
    monkeypatch.setattr(sys.modules["__main__"], "__file__", "one.py", raising=False)
    one = of(main).name
    monkeypatch.setattr(sys.modules["__main__"], "__file__", "two.py", raising=False)
    assert (one, of(main).name) == ("one.py.f", "two.py.f")
    monkeypatch.delattr(sys.modules["__main__"], "__file__")
    assert of(main).name == "__main__.f"


def test_however_an_argument_is_given() -> None:
    def f(a: int, b: int = 2, *rest: int, c: int = 3, **more: int) -> None: ...

    assert key_of(f, 1) == key_of(f, 1, 2) == key_of(f, a=1) == key_of(f, 1, c=3) == key_of(f, b=2, a=1)
    assert key_of(f, 1, 2, d=4, e=5) == key_of(f, 1, 2, e=5, d=4)
    different = {key_of(f, *args, **given) for args, given in [
        ((1,), {}), ((2,), {}), ((1, 3), {}), ((1, 2, 3), {}), ((1, 2, 3, 4), {}), ((1,), {"c": 4}), ((1,), {"d": 3}), ((1,), {"e": 3}),
    ]}  # fmt: skip
    assert len(different) == 8
    with pytest.raises(TypeError, match="missing a required argument"):
        key_of(f)


def test_a_key_of_ones_own() -> None:
    def f(connection: object, slug: str) -> None: ...

    function = of(f, key=lambda _, slug: slug)
    assert function.call((object(), "a"), {}) == function.call((object(),), {"slug": "a"})
    assert function.call((object(), "a"), {}) != function.call((object(), "b"), {})
    with pytest.raises(NoKeyError, match=r"f: a list can change"):
        of(f, key=lambda *_: []).call((1, "a"), {})


def the_same_for_all(who: object) -> str:
    return "the same"


CALLERS = [Request(), type("Request", (Request,), {})(), StarletteRequest({"type": "http", "headers": []}), prove(ID, "session")]


@pytest.mark.parametrize("caller", CALLERS, ids=lambda caller: type(caller).__module__)
def test_who_asks_never_gets_into_what_is_for_everybody(caller: object) -> None:
    def f(who: object) -> None: ...

    message = 'belongs to one caller, and what is kept is for everybody.*scope="person"'
    with pytest.raises(TypeError, match=message):
        of(f).call((caller,), {})
    with pytest.raises(TypeError, match=message):
        of(f, key=the_same_for_all).call((caller,), {})
    with pytest.raises(TypeError, match=message):
        of(f, key=the_same_for_all).call((), {"who": caller})


def test_persons_and_their_rights_are_part_of_the_key() -> None:
    def f(person: object, number: int) -> None: ...

    function = of(f, person="person")
    people = ["7", 7, ID, prove(ID, "token", scopes=frozenset()), prove(ID, "token", scopes=frozenset({"read", "write"})), "é"]
    calls = [function.call((person, 1), {}) for person in people]
    assert len({call.key for call in calls}) == len(people)
    assert calls[2].person == calls[3].person == calls[4].person  # one person, whose token may do less
    assert function.call((prove(ID, "session"), 1), {}) == calls[2]
    assert function.call((ID,), {"number": 2}).key != calls[2].key
    mine = of(f, person="person", key=lambda person, number: (type(person).__name__, number % 2))
    assert mine.call((ID, 1), {}) == mine.call((ID, 3), {})
    assert mine.call(("7", 1), {}) != mine.call(("8", 1), {})


class Session:
    """Has a person, and more."""

    person = "7"


class Nobody:
    person = None


@pytest.mark.parametrize(
    ("person", "message"),
    [(None, "nobody is signed in"), ("", "nobody"), (True, "nobody"), (Nobody(), "nobody"), (object(), "nobody"), (Session(), "the id")],
)
def test_nobody_has_nothing_kept(person: object, message: str) -> None:
    def f(person: object) -> None: ...

    with pytest.raises(TypeError, match=message):
        of(f, person="person").call((person,), {})
