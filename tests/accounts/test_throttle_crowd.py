"""When strangers try very much on the whole site: each is held to little, and nobody is shut out by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from buckler.accounts import throttle
from tests.accounts.attempts import HERE, JOHN, a_visit, admitted, known_device, refused

if TYPE_CHECKING:
    from tests.accounts.attempts import Maker
    from tests.accounts.stage import Stage

CROWDED: dict[str, Any] = {"total": "20/hour", "crowd_client": "3/hour", "crowd_account": "2/day"}
FAR = "192.0.2.1"


async def _crowd(stage: Stage) -> None:
    """Many addresses, many accounts, one attempt each, until the whole site's quota is used up."""
    for number in range(20):
        assert await admitted(stage, 1, name=f"{number}@mail.example", client=f"198.51.100.{number}") == 1


async def test_a_quiet_account_from_a_quiet_address_still_comes_in(throttled: Maker) -> None:
    """Otherwise the quota of the whole site would be a switch by which anybody turns off signing in."""
    stage = await throttled(**CROWDED)
    await _crowd(stage)
    assert await admitted(stage, 5, client=FAR) == 2  # by the account
    assert [await admitted(stage, 1, name=f"{name}@mail.example", client=HERE) for name in "abcde"] == [1, 1, 1, 0, 0]  # by the client


async def test_what_a_crowd_tried_before_counts_too(throttled: Maker) -> None:
    stage = await throttled(**CROWDED)
    assert await admitted(stage, 2, client="198.51.100.200") == 2
    await _crowd_of(stage, 18)
    assert await admitted(stage, 1, client=FAR) == 0
    assert await admitted(stage, 1, client="198.51.100.200", name="0@mail.example") == 1


async def _crowd_of(stage: Stage, many: int) -> None:
    assert [await admitted(stage, 1, name=f"{at}@mail.example", client=f"198.51.100.{at}") for at in range(many)] == [1] * many


async def test_a_known_browser_does_not_notice(throttled: Maker) -> None:
    stage = await throttled(**CROWDED)
    device = await known_device(stage)
    await _crowd(stage)
    await admitted(stage, 5, client=FAR)
    assert await admitted(stage, 1, client=FAR) == 0
    assert await admitted(stage, 8, device=device, client=FAR) == 8


async def test_a_locked_account_stays_locked_in_a_crowd(throttled: Maker) -> None:
    """A crowd must not be the way to more guesses."""
    stage = await throttled(**CROWDED | {"account": ["3/day"], "crowd_account": "9/day"})
    assert await admitted(stage, 4, client="198.51.100.200") == 3
    await _crowd_of(stage, 17)
    answer = await refused(stage, client=FAR)
    assert answer is not None
    assert answer.retry_s > 3 * 3600


async def test_what_a_crowd_is_refused_uses_up_nothing_of_the_account(throttled: Maker) -> None:
    stage = await throttled(**CROWDED | {"account": ["5/365d"]})
    await _crowd(stage)
    assert [await admitted(stage, 1, client=f"192.0.2.{number}") for number in range(10)] == [1, 1, *[0] * 8]
    stage.clock.move(3600)
    assert await admitted(stage, 9, client=FAR) == 5


async def test_a_success_in_a_crowd_gives_back_nothing_that_it_did_not_take(throttled: Maker) -> None:
    stage = await throttled(**CROWDED | {"account": ["5/365d"], "crowd_account": "9/365d"})
    assert await admitted(stage, 2, client="198.51.100.200") == 2
    await _crowd_of(stage, 18)
    visit = a_visit(stage, FAR)
    await throttle.admit(visit, "page", JOHN)
    await throttle.succeeded(visit, JOHN)
    stage.clock.move(3600)
    assert await admitted(stage, 9, client=FAR) == 3


async def test_how_long_to_wait_is_the_shorter_of_the_two_ways_in(throttled: Maker) -> None:
    stage = await throttled(**CROWDED)
    await _crowd(stage)
    assert await admitted(stage, 3, client=FAR) == 2
    answer = await refused(stage, client=FAR)
    assert answer is not None
    assert round(answer.retry_s) == 180  # of `total`; the account's share of the crowd would take half a day
    stage.clock.move(180)
    assert await refused(stage, client=FAR) is None


async def test_without_an_account_the_address_alone_is_counted(throttled: Maker) -> None:
    stage = await throttled(**CROWDED)
    await _crowd(stage)
    assert await admitted(stage, 5, "passkey", name="", client=FAR) == 3


async def test_letters_and_second_factors_know_no_crowd(throttled: Maker) -> None:
    stage = await throttled(**CROWDED)
    await _crowd(stage)
    assert await admitted(stage, 4, "reset", client=FAR) == 4
    assert await admitted(stage, 5, "second", client=FAR, name=JOHN) == 5


async def test_the_event_tells_what_stood_in_the_way(throttled: Maker) -> None:
    stage = await throttled(**CROWDED)
    await _crowd(stage)
    await admitted(stage, 3, client=FAR)
    assert [event.detail for event in stage.guard.plan.site.events.drain()] == ["page total"]
