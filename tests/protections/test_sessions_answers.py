"""`sessions`: what the response says, and what a dead store means."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from buckler.core.store import Drop, Put
from buckler.errors import ConfigError
from buckler.protections.sessions import Session, Sessions
from tests.visits import Place, sign_in


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
    while gc.collect():
        pass
    gc.disable()
    try:
        for _ in range(100):
            await place.visit(lambda session: session.set("x", 1))
        place.request = None
        assert gc.collect() < 100  # what other threads have left meanwhile is not ours
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "options",
    [{"idle_s": 0}, {"absolute_s": -1}, {"idle_s": 100, "absolute_s": 50}, {"max_bytes": 0}, {"on_store_failure": "maybe"}, {"idle": 5}],
)
def test_options_that_cannot_work_stop_the_start(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="Sessions"):
        Sessions(**options)
