"""`sessions`: what ends when, and what two requests at once can do to each other."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from buckler.core.clock import HandClock
from buckler.core.store import Get, Op, Put, Replace, Reply
from buckler.guard import Guard
from buckler.protections.sessions import Session, Sessions
from buckler.testing import SECRET, only
from tests.asgi import Wire, scope_of
from tests.visits import Place, Spy, in_turn, sign_in

if TYPE_CHECKING:
    from collections.abc import Callable

OTHER = "another secret of the tests: thirty-two bytes"


async def test_it_ends_when_idle_and_in_any_case() -> None:
    place = Place(idle_s=100, absolute_s=250)
    await place.visit(sign_in)
    for _ in range(2):
        place.clock.move(99)
        assert await place.person() == "mira"
    place.clock.move(51.9)
    assert await place.person() == "mira"
    place.clock.move(0.2)
    assert await place.person() is None
    await place.visit(sign_in)
    place.clock.move(100)
    assert await place.person() is None


async def test_the_times_hold_whatever_the_store_keeps() -> None:
    """A store that forgets too late (a clock of its own, a restored copy) revives nobody."""

    class Keeps(Spy):
        def at_once(self, ops: list[Op]) -> list[Reply]:
            return super().at_once([op._replace(ttl_s=1e9) if isinstance(op, Put | Replace) else op for op in ops])

    clock = HandClock()
    for wait_s in (100, 250):
        place = Place(store=Keeps(clock), clock=clock, idle_s=100, absolute_s=250)
        await place.visit(sign_in)
        for _ in range(wait_s // 50):
            assert await place.person() == "mira"
            clock.move(50)
        if wait_s == 100:
            clock.move(50)
        assert await place.person() is None


async def test_being_seen_is_written_down_now_and_then() -> None:
    """CVE-2026-35192: a refresh on a public page makes it vary by cookie, and it is not stored."""
    place = Place()
    await place.visit(sign_in)
    place.opens = False
    place.store.asked.clear()
    place.clock.move(59)
    plain = await place.visit()
    assert plain.headers == {b"content-length": b"2"}
    place.clock.move(1)
    refreshed = await place.visit()
    assert refreshed.headers == {b"content-length": b"2", b"vary": b"cookie", b"cache-control": b"no-store"}
    assert [type(op) for op in place.store.asked] == [Get, Get, Get, Get, Replace]
    place.clock.move(59)
    await place.visit()
    assert [type(op) for op in place.store.asked[5:]] == [Get, Get]


async def test_a_session_about_to_end_is_not_written_again() -> None:
    """A refresh that a slow handler delays past the absolute end saves nothing."""
    place = Place(idle_s=200, absolute_s=200)
    await place.visit(lambda session: session.set("x", 1))
    place.clock.move(199)
    place.store.asked.clear()

    def slow(session: Session) -> None:
        session["x"] = 2
        place.clock.move(2)

    await place.visit(slow)
    assert [type(op) for op in place.store.asked] == [Get]


async def test_freshness() -> None:
    place = Place()
    seen: list[object] = []
    await place.visit(lambda session: seen.append((session.fresh_s, session.signed_in_at)))
    await place.visit(sign_in)
    at_s = place.clock.now()
    place.clock.move(300)
    await place.visit(lambda session: seen.append((session.fresh_s, session.signed_in_at)))
    await place.visit(lambda session: session.renew())
    await place.visit(lambda session: seen.append(session.fresh_s))
    await place.visit(sign_in)
    await place.visit(lambda session: seen.append(session.fresh_s))
    assert seen == [(math.inf, None), (300, at_s), 300, 0]


async def test_all_sessions_of_a_person_end_in_one_round_trip_for_all_keys() -> None:
    """GHSA-2vg6-77g8-24mp: in every place. Sessions that an older secret made are reached as well."""
    clock = HandClock()
    old = Place(OTHER, clock=clock)
    await old.visit(sign_in, jar="old")
    await old.visit(lambda session: session.sign_in("noor"), jar="noor")
    new = Place(SECRET, OTHER, store=old.store, clock=clock)
    new.jars = old.jars
    clock.move(1)
    await new.visit(sign_in, jar="new")
    assert [await new.person(jar) for jar in ("old", "new", "noor")] == ["mira", "mira", "noor"]
    clock.move(1)
    await new.registry.revoke_all("mira")
    assert [await new.person(jar) for jar in ("old", "new", "noor")] == [None, None, "noor"]
    clock.move(1)
    await new.visit(sign_in, jar="new")
    assert await new.person("new") == "mira"


async def test_removing_a_secret_ends_the_sessions_that_it_made() -> None:
    clock = HandClock()
    old = Place(OTHER, clock=clock)
    await old.visit(sign_in)
    await old.visit(lambda session: session.set("x", 1), jar="anonymous")
    new = Place(SECRET, store=old.store, clock=clock)
    new.jars = old.jars
    assert await new.person() is None
    seen: list[object] = []
    await new.visit(lambda session: seen.append(dict(session)), jar="anonymous")
    assert seen == [{}]


async def test_one_session_ends_by_its_handle() -> None:
    place = Place()
    handles: list[str] = []
    await place.visit(in_turn(sign_in, lambda session: handles.append(session.handle)))
    assert handles[0] not in place.jars["mira"]
    place.jars["thief"] = handles[0][:43]
    assert await place.person("thief") is None
    assert await place.registry.revoke(handles[0])
    assert not await place.registry.revoke(handles[0])
    assert await place.person() is None


async def test_which_sessions_live_is_asked_in_one_round_trip() -> None:
    place = Place(idle_s=100)
    handles: list[str] = []
    for jar in ("mira", "phone", "tablet"):
        await place.visit(in_turn(sign_in, lambda session: handles.append(session.handle)), jar=jar)
    await place.registry.revoke(handles[1])
    before = place.store.trips
    assert await place.registry.alive([*handles, "unknown", ""]) == [True, False, True, False, False]
    assert place.store.trips == before + 1
    assert await place.registry.alive([]) == []
    await place.visit(lambda session: session.renew())
    assert await place.registry.alive(handles) == [False, False, True]
    place.clock.move(100)
    assert await place.registry.alive(handles) == [False, False, False]


async def test_what_a_revocation_of_all_has_ended_may_be_kept_by_the_store_for_a_while() -> None:
    """Nobody enters with it; whoever keeps a list of handles empties it at the same time."""
    place = Place(idle_s=100)
    handles: list[str] = []
    await place.visit(in_turn(sign_in, lambda session: handles.append(session.handle)))
    place.clock.move(1)
    await place.registry.revoke_all("mira")
    assert await place.person() is None
    assert await place.registry.alive(handles) == [True]
    place.clock.move(100)
    assert await place.registry.alive(handles) == [False]


async def test_others_end_and_this_one_lives() -> None:
    place = Place()
    for jar in ("mira", "phone"):
        await place.visit(sign_in, jar=jar)
    place.jars["thief"] = place.jars["mira"]
    await place.visit(lambda session: session.revoke_others())  # at the very moment of the sign-ins
    assert [await place.person(jar) for jar in ("mira", "phone", "thief")] == ["mira", None, None]
    await place.visit(lambda session: session.renew())
    assert await place.person() == "mira"


async def test_nobody_has_no_others() -> None:
    place = Place()

    def act(session: Session) -> None:
        with pytest.raises(RuntimeError, match="nobody is signed in"):
            session.revoke_others()

    await place.visit(act)


async def test_a_sign_in_that_began_before_a_revocation_is_ended_by_it() -> None:
    """The password was looked at before it was changed: the session counts from the moment at which it was opened."""
    place = Place()

    def slow_sign_in(session: Session) -> None:
        place.clock.move(1)
        for op in place.registry.ending_all("mira", place.clock.now()):
            place.store._put(op, place.clock.now())
        place.clock.move(1)
        session.sign_in("mira")

    await place.visit(slow_sign_in)
    assert await place.person() is None


@pytest.mark.parametrize("ending", [lambda session: session.sign_out(), lambda session: session.renew(), sign_in])
async def test_a_session_that_ends_meanwhile_is_not_revived(ending: Callable[[Session], object]) -> None:
    place = Place()
    await place.visit(sign_in)
    place.jars["thief"] = stolen = place.jars["mira"]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        session = place.registry.open(scope["buckler"])
        session["x"] = "slow request"
        await place.visit(ending)  # the visitor's other tab, before this request has answered
        await send({"type": "http.response.start", "status": 200, "headers": []})

    slow = Guard(app, *only(Sessions()), hosts=["shop.example"], secrets=[SECRET], store=place.store, clock=place.clock)
    place.registry = slow.plan.site.offers["sessions"]
    wire = Wire()
    await slow(scope_of("/", "GET", (b"cookie", f"__Host-session={stolen}".encode())), wire.receive, wire.send)
    assert wire.status == 200
    assert await place.person("thief") is None
