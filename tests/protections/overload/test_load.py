"""Who is counted, who is turned away, and what the timer does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from buckler.core.answer import Answer, Refusal
from buckler.protections.overload import CLIENT, FULL, Overload, vital
from buckler.protections.overload.load import Load, Time
from tests.protections.overload.machine import NoRoutes
from tests.requests import request_of, site_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from buckler.core.request import Request


class Loop:
    """An event loop of which only the timer is wanted."""

    def __init__(self) -> None:
        self.timers: list[tuple[float, Callable[..., None], tuple[Any, ...]]] = []

    def call_later(self, delay_s: float, call: Callable[..., None], *given: Any, context: Any = None) -> None:
        self.timers.append((delay_s, call, given))


class Desk:
    """A load on a clock and a loop that are set by hand."""

    def __init__(self, **options: Any) -> None:
        self.now_s, self.loop = 1000.0, Loop()
        site = site_of(offers={"routes": NoRoutes()})
        steps = Overload(**({"least": 1, "start": 2, "most": 2, "anonymous_share": 0.0, "noticed_s": 0.02} | options)).steps(site)
        assert steps.gate is not None
        self.gate, self.load = steps.gate, site.offers["overload"]
        assert isinstance(self.load, Load)
        self.load.use(Time(lambda: self.now_s, lambda: self.loop))

    def come(self, client: str = "203.0.113.7", **facts: Any) -> tuple[Request, Refusal | None]:
        """A request comes in; whoever is refused at the gate is counted out, as the guard does."""
        request = request_of(client=client, **facts)
        refused = self.load.check(request)
        if refused is None:
            refused = self.gate.enter(request, {})
            if refused is not None:
                self.gate.leave(request)
        assert refused is None or isinstance(refused, Refusal)
        return request, refused

    def go(self, request: Request, took_s: float = 0.0) -> None:
        self.now_s += took_s
        assert self.gate.headed is not None
        self.gate.headed(request)
        self.gate.leave(request)

    def tick(self, late_s: float = 0.0) -> None:
        """The timer's next look."""
        delay_s, call, given = self.loop.timers.pop(0)
        self.now_s += delay_s + late_s
        call(*given)

    def strain(self) -> None:
        """Let the loop be late until it counts as strained."""
        self.come("198.51.100.1")
        for _ in range(30):
            self.tick(0.05)
        assert self.load.state.late


def code(refused: Answer | None) -> str:
    return refused.code if isinstance(refused, Refusal) else ""


def test_in_and_out() -> None:
    desk = Desk()
    first, _ = desk.come()
    assert (desk.load.state.working, desk.load.state.clients) == (1, 1)
    desk.go(first)
    assert (desk.load.state.working, desk.load.state.clients) == (0, 0)
    again, _ = desk.come()
    desk.gate.leave(again)
    assert desk.load.state.working == 0, "an application that fails has sent no head"


def test_over_the_limit_and_not_twice_the_same_second() -> None:
    desk = Desk()
    assert [code(desk.come(f"c{number}")[1]) for number in range(4)] == ["", "", "overload.full", "overload.full"]
    waits = {dict(found.headers)[b"retry-after"] for found in (desk.come(f"d{number}")[1] for number in range(5)) if found is not None}
    assert waits == {b"1", b"2", b"3", b"4", b"5"}
    assert desk.load.state.working == 2


def test_one_client() -> None:
    desk = Desk(per_client=1)
    first, _ = desk.come("a")
    assert code(desk.come("a")[1]) == CLIENT.code
    assert not desk.come("b")[1]
    desk.go(first)
    assert not desk.come("a")[1]


def test_what_streams_holds_no_place_but_counts_for_its_client() -> None:
    desk = Desk(per_client=2)
    assert desk.gate.headed is not None
    for _ in range(2):
        request, _ = desk.come("a")
        desk.gate.headed(request)
        desk.gate.headed(request)  # once is all that counts
    assert desk.load.state.working == 0
    assert code(desk.come("a")[1]) == "overload.client"
    socket, refused = desk.come("b", kind="websocket")
    assert (refused, desk.load.state.working) == (None, 0)
    desk.gate.leave(socket)


def test_who_waits_for_the_client_holds_no_place_and_spends_no_time() -> None:
    desk = Desk()
    paused, resumed = desk.gate.paused, desk.gate.resumed
    assert paused is not None
    assert resumed is not None
    request, _ = desk.come()
    paused(request)
    assert desk.load.state.working == 0
    desk.now_s += 60
    resumed(request)
    assert desk.load.state.working == 1
    assert request.entered_s == pytest.approx(desk.now_s)
    outside = request_of()
    paused(outside)
    resumed(outside)
    assert desk.load.state.working == 1, "a body that is read before the gate"
    desk.go(request)
    paused(request)
    resumed(request)
    assert desk.load.state.working == 0, "a body that is read on after the head"


def test_the_time_of_the_store_is_not_the_applications() -> None:
    desk = Desk()
    request = request_of(waits=True)
    assert desk.load.check(request) is None
    desk.now_s += 5
    assert desk.gate.enter(request, {}) is None
    assert request.entered_s == desk.now_s


def test_shares_are_kept_over_the_limit() -> None:
    desk = Desk(anonymous_share=0.5)
    for number in range(3):
        assert not desk.come(f"c{number}")[1]
    assert code(desk.come("d")[1]) == FULL.code


def test_a_place_of_a_share_is_given_back() -> None:
    desk = Desk(anonymous_share=0.5)
    inside = [desk.come(f"c{number}")[0] for number in range(3)]
    desk.go(inside.pop())
    failed, refused = desk.come("d")
    assert not refused
    desk.gate.leave(failed)
    assert not desk.come("e")[1]


def test_who_comes_too_late() -> None:
    desk = Desk(start=100, most=100)
    desk.strain()
    desk.now_s += 0.004
    assert not desk.come("a")[1]
    desk.now_s += 2.0
    assert code(desk.come("b")[1]) == "overload.full"
    claim = {b"cookie": b"__Host-session=abc"}
    assert code(desk.come("c", headers=claim)[1]) == "overload.full", "this late is too late for any claim"


def test_who_claims_is_waited_for_and_shown_the_door_at_the_gate() -> None:
    desk = Desk(start=100, most=100)
    desk.strain()
    allowed_s = desk.load.state.allowed_s
    desk.now_s += 0.001 + allowed_s * 1.5
    request = request_of(headers={b"cookie": b"__Host-session=abc"})
    assert desk.load.check(request) is None
    refused = desk.gate.enter(request, {})
    assert isinstance(refused, Refusal)
    assert (refused.code, refused.mark) == ("overload.full", None)


def test_who_is_signed_in_is_waited_for_longer() -> None:
    class Mine:
        is_somebodys = True

    desk = Desk(start=100, most=100)
    desk.strain()
    desk.now_s += 0.001 + desk.load.state.allowed_s * 1.5
    assert code(desk.come("a")[1]) == "overload.full"
    assert not desk.come("b", session=Mine())[1]


def test_a_handshake_in_a_late_loop() -> None:
    desk = Desk(start=100, most=100)
    desk.strain()
    assert not desk.come("a", kind="websocket")[1]
    desk.now_s += 1
    assert code(desk.come("b", kind="websocket")[1]) == "overload.full"
    desk.loop = Loop()
    assert not desk.come("c", kind="websocket")[1], "what is known of the old loop says nothing of the new one"


def test_what_the_router_did_not_know_is_kept() -> None:
    @vital
    def endpoint() -> None: ...

    desk = Desk(signed_in_share=0.0)
    desk.load.told(request_of(path="/asked"), FULL)
    desk.load.told(request_of(path="/other"), CLIENT)
    for number in range(3):
        desk.come(f"c{number}")
    for path, mark in (("/asked", None), ("/other", "overload")):
        refused = desk.load.check(request_of(headers={b"cookie": b"__Host-session=abc"}, path=path))
        assert isinstance(refused, Refusal)
        assert refused.mark == mark


def test_a_late_loop_turns_nobody_away_before_the_delay_stands() -> None:
    desk = Desk(start=100, most=100)
    desk.come("a")
    desk.now_s += 30  # a handler has slept in the loop
    assert not desk.come("b")[1]


def test_the_timer_sleeps_when_nobody_comes_and_wakes_again() -> None:
    desk = Desk()
    request, _ = desk.come()
    desk.tick()
    desk.go(request)
    for _ in range(300):
        if desk.loop.timers:
            desk.tick()
    assert not desk.loop.timers
    desk.come()
    assert len(desk.loop.timers) == 1


def test_another_loop_takes_over() -> None:
    desk = Desk()
    desk.come()
    first, desk.loop = desk.loop, Loop()
    desk.now_s += 10
    desk.come("b")
    assert len(desk.loop.timers) == 1
    _, call, given = first.timers.pop()
    call(*given)
    assert not first.timers, "the old one has ended"


def test_windows_are_closed_by_the_timer() -> None:
    desk = Desk(start=20, most=20)
    for number in range(12):
        request, _ = desk.come(f"c{number}")
        desk.go(request, took_s=0.004)
    desk.tick()
    assert desk.load.state.calm_s == pytest.approx(0.004)


def test_what_nobody_looked_at_is_forgotten_with_its_loop() -> None:
    """Each of a thousand event loops that live for one request would leave its time behind."""
    desk = Desk()
    for number in range(30):
        desk.loop = Loop()
        desk.now_s += 10
        request, _ = desk.come(f"c{number}")
        desk.go(request, took_s=0.004)
    assert desk.load._times_s == pytest.approx([0.004])


async def test_time_is_the_machines_own() -> None:
    site = site_of(offers={"routes": NoRoutes()})
    steps = Overload().steps(site)
    assert steps.check is not None
    assert steps.check(request_of()) is None
    await asyncio.sleep(0.03)
    assert not site.offers["overload"].state.late
