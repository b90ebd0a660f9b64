"""`sessions` beyond its cases: what is stored, what is sent, what ends when, and what two requests at once can do to each other."""

from __future__ import annotations

import gc
import hashlib
import math
import re
from typing import TYPE_CHECKING, Any

import pytest

from buckler.core.clock import HandClock
from buckler.core.store import Drop, Get, Put, Replace
from buckler.errors import ConfigError, StoreError
from buckler.guard import Guard
from buckler.protections.sessions import Session, Sessions
from buckler.protections.sessions.record import read
from buckler.stores.memory import Memory
from buckler.testing import SECRET, only
from tests.asgi import Wire, scope_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from buckler.core.store import Op, Reply

OTHER = "another secret of the tests: thirty-two bytes"


class Spy(Memory):
    def __init__(self, clock: HandClock) -> None:
        super().__init__(clock=clock)
        self.asked: list[Op] = []
        self.trips = 0
        self.down = False

    async def batch(self, ops: list[Op]) -> list[Reply]:
        self.asked += ops
        self.trips += 1
        if self.down:
            raise StoreError("down")
        return await super().batch(ops)


class Place:
    """A site with one page, whose handler each visit brings along, and browsers that keep their one cookie."""

    def __init__(self, *secrets: str, store: Spy | None = None, clock: HandClock | None = None, **options: Any) -> None:
        self.clock = clock or HandClock()
        self.store = store or Spy(self.clock)
        self.act: Callable[[Session], object] = lambda _: None
        self.late: Callable[[Session], object] | None = None
        self.opens = True
        self.headers: list[tuple[bytes, bytes]] = []
        self.request: Any = None
        self.jars: dict[str, str] = {}
        facts: dict[str, Any] = {"hosts": ["shop.example"], "secrets": secrets or [SECRET], "store": self.store, "clock": self.clock}
        self.guard = Guard(self._app, *only(Sessions(**options)), **facts)
        self.registry = self.guard.plan.site.offers["sessions"]

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        self.request = request = scope["buckler"]
        if self.opens:
            self.act(self.registry.open(request))
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2"), *self.headers]})
        if self.late is not None:
            self.late(self.registry.open(request))
        await send({"type": "http.response.body", "body": b"ok"})

    async def visit(self, act: Callable[[Session], object] = lambda _: None, *, jar: str = "mira", **changes: Any) -> Wire:
        self.act = act
        wire = Wire()
        cookie = self.jars.get(jar)
        headers = ((b"cookie", f"a=1; __Host-session={cookie}".encode()),) if cookie else ()
        await self.guard(scope_of("/", "GET", *headers, **changes), wire.receive, wire.send)
        for name, value in wire.sent[0].get("headers", ()):
            if name == b"set-cookie":
                self.jars[jar] = value.decode().partition(";")[0].partition("=")[2]
        return wire

    async def person(self, jar: str = "mira") -> str | None:
        found: list[str | None] = []
        await self.visit(lambda session: found.append(session.person), jar=jar)
        return found[0]


def sign_in(session: Session) -> None:
    session.sign_in("mira")


def in_turn(*acts: Callable[[Session], object]) -> Callable[[Session], None]:
    def act(session: Session) -> None:
        for one in acts:
            one(session)

    return act


# ---- nothing until something is written


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


# ---- ids


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


# ---- time


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
        async def batch(self, ops: list[Op]) -> list[Reply]:
            return await super().batch([op._replace(ttl_s=1e9) if isinstance(op, Put | Replace) else op for op in ops])

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


# ---- revoking


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


# ---- two requests at once


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


# ---- what the response says


async def test_the_applications_word_on_caching_stands_unless_a_session_is_in_the_response() -> None:
    place = Place()
    place.headers = [(b"cache-control", b"private, max-age=60"), (b"vary", b"Accept,  Cookie")]
    wire = await place.visit(lambda session: session.person)
    assert (wire.headers[b"cache-control"], wire.headers[b"vary"]) == (b"private, max-age=60", b"Accept, Cookie")
    place.headers = [(b"cache-control", b"public, max-age=60")]
    for act in (sign_in, lambda session: session.sign_out()):
        wire = await place.visit(act)
        assert (wire.headers[b"cache-control"], wire.headers[b"vary"]) == (b"no-store", b"cookie")


async def test_nothing_is_written_once_the_response_has_begun() -> None:
    place = Place()
    late: list[object] = []

    def write(session: Session) -> None:
        late.append(session.person)
        late.append(session.binding)
        with pytest.raises(RuntimeError, match="the response has begun"):
            session["x"] = 1

    place.late = write
    for opens in (True, False):
        place.opens = opens
        await place.visit(lambda session: session.get("x"))
    assert len(late) == 4
    assert place.store.trips == 0


async def test_a_socket_reads_the_session_and_cannot_write_it() -> None:
    place = Place()
    await place.visit(sign_in)
    place.clock.move(120)  # it would be time to write that the visitor was seen
    seen: list[object] = []

    def act(session: Session) -> None:
        seen.append(session.person)
        with pytest.raises(RuntimeError, match="a WebSocket has no response head"):
            session.sign_out()

    await place.visit(act, type="websocket", scheme="wss")
    assert seen == ["mira"]
    assert not place.request.session._ops


# ---- the store


@pytest.mark.parametrize(("options", "status"), [({}, 503), ({"on_store_failure": "allow"}, 200), ({"report_only": True}, 200)])
async def test_what_a_dead_store_means(options: dict[str, Any], status: int) -> None:
    place = Place(**options)
    await place.visit(sign_in)
    place.store.down = True
    place.opens = False
    assert (await place.visit()).status == status
    event = place.guard.plan.events.drain()[0]
    assert (event.kind, event.mode) == ("store.failed", "note")
    if status == 200:
        place.opens = True
        assert await place.person() is None


async def test_what_could_not_be_saved_is_not_promised() -> None:
    place = Place()
    place.store.down = True
    wire = await place.visit(sign_in)
    assert wire.status == 503
    assert b"set-cookie" not in wire.headers
    assert b"store.failed" in wire.body


@pytest.mark.parametrize("raw", [b"", b"\xff", b"{}", b"k 1 2\n{}", b"k 1 2 x \n{}", b"k 1 2 3 soon mira\n{}"])
async def test_a_damaged_record_is_no_session(raw: bytes) -> None:
    place = Place()
    await place.visit(sign_in)
    (name,) = place.store._values
    await place.store.batch([Put(name, raw, 60)])
    assert await place.person() is None


async def test_one_round_trip_to_read_and_one_to_write() -> None:
    place = Place()
    await place.visit(sign_in)
    assert place.store.trips == 1
    await place.visit(lambda session: session.set("x", 1))
    assert place.store.trips == 3
    await place.visit(lambda session: session.renew())
    assert place.store.trips == 5
    assert [type(op) for op in place.store.asked[-2:]] == [Drop, Put]


async def test_a_request_leaves_no_cycle() -> None:
    place = Place()
    await place.visit(sign_in)
    gc.collect()
    gc.disable()
    try:
        for _ in range(20):
            await place.visit(lambda session: session.set("x", 1))
        place.request = None
        assert gc.collect() == 0
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "options",
    [{"idle_s": 0}, {"absolute_s": -1}, {"idle_s": 100, "absolute_s": 50}, {"max_bytes": 0}, {"on_store_failure": "maybe"}, {"idle": 5}],
)
def test_options_that_cannot_work_stop_the_start(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="Sessions"):
        Sessions(**options)
