"""Slow guessing: what a success gives back, a second factor, and a store that fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from buckler.accounts import throttle
from buckler.accounts.problems import AccountError
from tests.accounts.attempts import HERE, JOHN, WIDE, a_visit, admitted, refused, spied

if TYPE_CHECKING:
    from tests.accounts.attempts import Maker
    from tests.accounts.stage import Stage


async def test_a_success_never_clears_the_failures_of_a_client(throttled: Maker) -> None:
    """65.14.2 of django-allauth: an attacker who signs in to an account of their own in between gains nothing."""
    stage = await throttled(**WIDE | {"client": ["10/day"]})
    tried = 0
    for number in range(20):
        tried += await admitted(stage, 1, name=f"{number}@mail.example")
        visit = a_visit(stage)
        try:
            await throttle.admit(visit, "page", "mallory@mail.example")
        except AccountError:
            break
        await throttle.succeeded(visit, "mallory@mail.example")
    assert tried == 5


async def _signs_in(stage: Stage, times: int, *, second: bool = False) -> int:
    """Somebody whose browser forgets everything, and who always knows the password, and the code."""
    for number in range(times):
        try:
            await throttle.admit(a_visit(stage), "page", JOHN)
            visit = a_visit(stage)
            if second:
                await throttle.admit(visit, "second", JOHN)
        except AccountError:
            return number
        await throttle.succeeded(visit, JOHN)
    return times


async def test_what_a_success_took_is_given_back_and_failures_stay(throttled: Maker) -> None:
    stage = await throttled(**WIDE | {"account": ["10/day"]})
    assert await admitted(stage, 4) == 4
    for _ in range(30):
        visit = a_visit(stage)
        await throttle.admit(visit, "page", JOHN)
        await throttle.succeeded(visit, JOHN)
        await throttle.succeeded(visit, JOHN)  # once is enough
    assert await admitted(stage, 10) == 6


async def test_a_sign_in_in_two_steps_is_given_back_whole(throttled: Maker) -> None:
    stage = await throttled(**WIDE | {"account": ["10/day"]})
    assert await _signs_in(stage, 30, second=True) == 30
    assert await admitted(stage, 20) == 10


async def test_a_half_sign_in_that_goes_no_further_is_a_failure(throttled: Maker) -> None:
    """Whoever has the password but not the code cannot begin without end."""
    stage = await throttled(**WIDE | {"account": ["10/day"]})
    assert await _signs_in(stage, 1) == 0 + 1
    assert await admitted(stage, 30) == 9


async def test_short_windows_get_nothing_back(throttled: Maker) -> None:
    """Nobody keeps the machine busy by signing in to an account of their own."""
    stage = await throttled(**WIDE | {"account": ["10/hour", "20/day"]})
    assert await _signs_in(stage, 30, second=True) == 5


# ---- second factor


async def test_five_tries_a_half_sign_in_and_all_of_them_count_for_the_person(throttled: Maker) -> None:
    """64.1.0 of django-allauth: code attempts are capped, in an API too. A new half sign-in has five more, until the account is locked."""
    stage = await throttled(account=["12/day"])
    site = stage.guard.plan.site

    async def tries(session: object, client: str) -> int:
        return await admitted(stage, 10, "second", session=session, client=client)

    halves = [site.offers["sessions"].open(a_visit(stage).request) for _ in range(4)]
    assert [await tries(half, f"198.51.100.{number}") for number, half in enumerate(halves)] == [5, 5, 2, 0]
    stage.clock.move(600)
    assert await tries(halves[0], HERE) == 0


async def test_the_tries_of_a_half_sign_in_do_not_grow_back_while_it_lives(throttled: Maker) -> None:
    stage = await throttled(**WIDE)
    session = stage.guard.plan.site.offers["sessions"].open(a_visit(stage).request)
    assert await admitted(stage, 9, "second", session=session) == 5
    stage.clock.move(600)
    assert await admitted(stage, 9, "second", session=session) == 0


# ---- the store


@pytest.mark.parametrize(
    ("options", "status", "mode"),
    [
        ({}, 503, "enforced"),
        ({"on_store_failure": "allow"}, 0, "note"),
        ({"report_only": True}, 0, "report"),
    ],
)
async def test_when_nobody_can_count(throttled: Maker, options: dict[str, Any], status: int, mode: str) -> None:
    stage = await throttled(**options)
    spied(stage).fails = True
    answer = await refused(stage)
    assert (answer.problem.status if answer else 0) == status
    assert answer is None or answer.retry_s == 5.0
    assert [(event.kind, event.mode) for event in stage.guard.plan.site.events.drain()] == [("account.uncounted", mode)]


async def test_a_success_stands_when_nothing_can_be_given_back(stage: Stage) -> None:
    spy, visit = spied(stage), a_visit(stage)
    await throttle.admit(visit, "page", JOHN)
    spy.fails = True
    await throttle.succeeded(visit, JOHN)
    assert [(event.kind, event.mode) for event in stage.guard.plan.site.events.drain()] == [("account.uncounted", "note")]


async def test_report_only_records_and_lets_pass(throttled: Maker) -> None:
    stage = await throttled(account=["2/hour"], report_only=True)
    assert await admitted(stage, 4) == 4
    events = stage.guard.plan.site.events.drain()
    assert [(event.kind, event.mode, event.detail) for event in events] == [("account.too_many", "report", "page account")] * 2


async def test_a_refusal_is_an_event_that_says_where_and_never_who(throttled: Maker) -> None:
    stage = await throttled(account=["1/hour"])
    await admitted(stage, 2, "api")
    (event,) = stage.guard.plan.site.events.drain()
    assert (event.kind, event.mode, event.client, event.detail) == ("account.too_many", "enforced", HERE, "api account")
    assert "john" not in repr(event)
    assert not any("john" in key or "203" in key for key in stage.store._due)
