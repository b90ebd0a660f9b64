"""`sessions` beyond its cases: what is stored, what is sent, and under which id."""

from __future__ import annotations

import hashlib
import math
import re
from typing import TYPE_CHECKING, Any

import pytest

from buckler.core.store import Get, Put
from buckler.protections.sessions import Session
from buckler.protections.sessions.record import read
from tests.visits import Place, in_turn, sign_in

if TYPE_CHECKING:
    from collections.abc import Callable


async def test_a_visitor_without_session_costs_nothing_and_gets_no_cookie() -> None:
    place = Place()
    wire = await place.visit()
    assert wire.headers == {b"content-length": b"2"}
    assert place.store.trips == 0


@pytest.mark.parametrize(
    "look",
    [
        lambda session: session.person,
        lambda session: session.get("x"),
        lambda session: "x" in session,
        list,
        len,
        lambda session: session.fresh_s,
        lambda session: session.binding,
    ],
)
async def test_looking_varies_by_cookie_and_makes_no_session(look: Callable[[Session], object]) -> None:
    """CVE-2023-30861, CVE-2026-27205: `"x" in session` is a use like any other."""
    place = Place()
    wire = await place.visit(look)
    assert wire.headers == {b"content-length": b"2", b"vary": b"cookie", b"cache-control": b"no-store"}
    assert place.store.trips == 0


async def test_the_cookie_and_what_is_stored() -> None:
    place = Place()
    wire = await place.visit(lambda session: session.set("basket", [7, "ü"]))
    sent = wire.headers[b"set-cookie"].decode()
    found = re.fullmatch(r"__Host-session=([A-Za-z0-9_-]{43}); Path=/; Secure; HttpOnly; SameSite=Lax", sent)
    assert found is not None
    (put,) = place.store.asked
    assert isinstance(put, Put)
    assert put.key == f"session:64:{hashlib.sha256(found[1].encode()).hexdigest()}"
    assert found[1] not in repr(place.store.asked)
    assert put.ttl_s == 1800
    known = read(put.value)
    assert known is not None
    assert known[1] == '{"basket":[7,"ü"]}'.encode()
    got: list[object] = []
    answer = await place.visit(lambda session: got.append(session["basket"]))
    assert got == [[7, "ü"]]
    assert b"set-cookie" not in answer.headers
    assert [type(op) for op in place.store.asked] == [Put, Get]  # looked at, and nothing to save


async def test_two_sessions_never_have_the_same_id() -> None:
    place = Place()
    for jar in ("a", "b"):
        await place.visit(lambda session: session.set("x", 1), jar=jar)
    assert place.jars["a"] != place.jars["b"]


async def test_values_behave_as_a_mapping() -> None:
    place = Place()

    def act(session: Session) -> None:
        session["a"] = {"b": [1]}
        session["c"] = None
        del session["c"]
        session["a"]["b"].append(2)
        assert dict(session) == {"a": {"b": [1, 2]}}
        assert bool(session)
        assert repr(session) == "<Session>"

    await place.visit(act)
    await place.visit(lambda session: session["a"]["b"].append(3))  # a change within a value is seen too
    seen: list[object] = []
    await place.visit(lambda session: seen.append(dict(session)))
    assert seen == [{"a": {"b": [1, 2, 3]}}]


@pytest.mark.parametrize(("name", "value", "error"), [("a", object(), TypeError), ("a", math.nan, ValueError), (7, 1, TypeError)])
async def test_what_json_cannot_say_fails_where_it_is_written(name: Any, value: Any, error: type[Exception]) -> None:
    place = Place()

    def act(session: Session) -> None:
        with pytest.raises(error):
            session[name] = value
        assert len(session) == 0

    assert b"set-cookie" not in (await place.visit(act)).headers


@pytest.mark.parametrize(
    "act", [lambda session: session.set("x", "y" * 17_000), lambda session: session.set("x", []) or session["x"].append(object())]
)
async def test_what_cannot_be_saved_is_refused_and_leaves_the_old_session_alone(act: Callable[[Session], object]) -> None:
    place = Place()
    await place.visit(lambda session: session.set("old", 1))
    wire = await place.visit(act)
    assert wire.status == 500
    assert b"sessions.not_saved" in wire.body
    assert [event.kind for event in place.guard.plan.events.drain()] == ["sessions.not_saved"]
    seen: list[object] = []
    await place.visit(lambda session: seen.append(dict(session)))
    assert seen == [{"old": 1}]


@pytest.mark.parametrize("planted", ["A" * 43, "A" * 22 + "." + "A" * 43])
async def test_unknown_ids_are_never_adopted(planted: str) -> None:
    """starsessions#87: a planted id is replaced at sign-in, and at any other first write."""
    for act in (sign_in, lambda session: session.set("x", 1)):
        place = Place()
        place.jars["mira"] = planted
        await place.visit(act)
        assert place.jars["mira"] != planted
        assert planted not in repr(place.store._values)


@pytest.mark.parametrize(
    "damaged", ["", "x", "A" * 42, "A" * 44, "A" * 43 + "=", "." + "A" * 43, "é" * 43, '"' + "A" * 43 + '"', "A" * 100_000]
)
async def test_a_damaged_cookie_is_an_anonymous_visitor(damaged: str) -> None:
    """CVE-2026-25748"""
    place = Place()
    place.jars["mira"] = damaged
    assert await place.person() is None
    assert place.store.trips == 0


async def test_every_change_of_who_it_is_brings_a_new_id_and_kills_the_old_one() -> None:
    place = Place()
    await place.visit(lambda session: session.set("basket", [7]))
    ids = [place.jars["mira"]]
    acts: tuple[Callable[[Session], object], ...] = (sign_in, lambda session: session.renew(), lambda session: session.revoke_others())
    for act in acts:
        await place.visit(act)
        ids.append(place.jars["mira"])
        place.jars["thief"] = ids[-2]
        assert await place.person("thief") is None
        assert await place.person() == "mira"
    assert len(set(ids)) == 4
    seen: list[object] = []
    await place.visit(lambda session: seen.append(session["basket"]))
    assert seen == [[7]]


@pytest.mark.parametrize("person", ["7", "mira lund", "a.b@shop.example", "Ünal 李", "-", " x"])
async def test_every_persons_name_comes_back_as_it_was(person: str) -> None:
    place = Place()
    await place.visit(lambda session: session.sign_in(person))
    assert await place.person() == person


async def test_values_of_one_person_never_reach_another() -> None:
    place = Place()
    await place.visit(in_turn(sign_in, lambda session: session.set("secret", 1)))
    await place.visit(lambda session: session.sign_in("noor"))
    seen: list[object] = []
    await place.visit(lambda session: seen.append((session.person, dict(session))))
    assert seen == [("noor", {})]


async def test_signing_out_removes_the_session_and_the_cookie() -> None:
    place = Place()
    await place.visit(sign_in)
    stolen = place.jars["thief"] = place.jars["mira"]
    wire = await place.visit(lambda session: session.sign_out())
    assert wire.headers[b"set-cookie"] == b"__Host-session=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"
    assert place.jars["mira"] == ""
    assert await place.person("thief") is None
    assert hashlib.sha256(stolen.encode()).hexdigest() not in repr(place.store._values)
    assert b"set-cookie" not in (await place.visit(lambda session: session.sign_out())).headers  # nobody to sign out


async def test_after_signing_out_something_may_be_remembered_again() -> None:
    place = Place()
    await place.visit(sign_in)
    await place.visit(in_turn(Session.sign_out, lambda session: session.set("said", "goodbye")))
    seen: list[object] = []
    await place.visit(lambda session: seen.append((session.person, session["said"])))
    assert seen == [(None, "goodbye")]


@pytest.mark.parametrize("person", ["", None, 7, "x" * 513, "a\nb", "\x00", "\ud800"])
async def test_a_person_is_a_string(person: Any) -> None:
    place = Place()

    def act(session: Session) -> None:
        with pytest.raises(ValueError, match="a person's id"):
            session.sign_in(person)

    await place.visit(act)


async def test_the_selector_tells_nobody_who_it_is_and_cannot_be_exchanged() -> None:
    place = Place()
    await place.visit(sign_in)
    await place.visit(lambda session: session.sign_in("noor"), jar="noor")
    selector, _, token = place.jars["mira"].partition(".")
    assert "mira" not in selector
    assert selector not in repr(list(place.store._values))  # no session is found by it
    place.jars["thief"] = place.jars["noor"].partition(".")[0] + "." + token
    assert await place.person("thief") is None
    place.jars["thief"] = token
    assert await place.person("thief") is None
