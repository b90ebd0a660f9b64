"""Slow guessing: what is counted, at once, and on whom."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from buckler.accounts import throttle
from buckler.accounts.throttle import GUESSES, LETTERS, Throttle
from buckler.errors import ConfigError
from tests.accounts.attempts import JOHN, WIDE, a_visit, admitted, known_device, refused, spied

if TYPE_CHECKING:
    from tests.accounts.attempts import Maker
    from tests.accounts.stage import Stage


# ---- waits


async def test_each_further_attempt_waits_longer(stage: Stage) -> None:
    """From as many addresses as the attacker likes, as docs/why/brute-force.md says."""
    waits = []
    for number in range(130):
        client = f"198.51.100.{number}"
        answer = await refused(stage, client=client)
        waits.append(answer.retry_s if answer else 0.0)
        if answer:
            stage.clock.move(answer.retry_s)
            assert await refused(stage, client=client) is None
    assert waits[:5] == [0.0] * 5
    assert waits[5:10] == pytest.approx([12.0] * 5)
    assert waits[11:20] == pytest.approx([360.0] * 9)
    assert waits[21:116] == pytest.approx([72 * 60.0] * 95)
    assert waits[116:] == pytest.approx([7.2 * 3600] * 14)


async def test_the_answer_is_the_same_whether_there_is_an_account_or_not(throttled: Maker) -> None:
    stage = await throttled(account=["3/hour"])
    heard = set()
    for name in (JOHN, "nobody@mail.example", "no address at all", "x" * 100_000):
        assert await admitted(stage, 3, name=name) == 3
        answer = await refused(stage, name=name)
        assert answer is not None
        heard.add((answer.problem, answer.title, answer.fix, answer.field, round(answer.retry_s)))
    assert {(problem.code, problem.status, retry_s) for problem, _, _, _, retry_s in heard} == {("account.too_many", 429, 1200)}
    assert len(heard) == 1


async def test_nobody_is_told_to_come_back_in_less_than_a_second(throttled: Maker) -> None:
    stage = await throttled(**WIDE | {"account": ["10/s"]})
    assert await admitted(stage, 10) == 10
    answer = await refused(stage)
    assert answer is not None
    assert answer.retry_s == 1.0


# ---- at once


async def test_a_hundred_at_once_against_ten_are_ten(throttled: Maker) -> None:
    """CVE-2024-1722, and limit overrun: counted before anything is looked at, by one atomic step."""
    stage = await throttled(**WIDE | {"account": ["10/hour"]})
    answers = await asyncio.gather(*(refused(stage, client=f"198.51.100.{number}") for number in range(100)))
    assert answers.count(None) == 10


@pytest.mark.parametrize("channel", sorted(GUESSES | LETTERS))
async def test_all_of_it_is_one_round_trip(stage: Stage, channel: str) -> None:
    spy, device = spied(stage), await known_device(stage)
    assert spy.trips == 0  # nothing was taken, so nothing is given back
    for cookie in ("", device):
        spy.trips = 0
        assert await refused(stage, channel, device=cookie) is None
        assert spy.trips == 1


# ---- whose quota


@pytest.mark.parametrize("channel", sorted(GUESSES))
async def test_a_locked_account_is_locked_on_every_channel(throttled: Maker, channel: str) -> None:
    """CVE-2026-9798."""
    stage = await throttled(account=["2/hour"])
    for other in sorted(GUESSES):
        name = f"{other}@mail.example"
        assert await admitted(stage, 3, channel, name) == 2
        assert await admitted(stage, 1, other, name, client="198.51.100.1") == 0


async def test_letters_are_counted_apart_so_that_the_way_back_in_stays_open(throttled: Maker) -> None:
    stage = await throttled(account=["2/hour"], letters=["2/hour"])
    assert await admitted(stage, 3) == 2
    assert await admitted(stage, 1, "reset") == 1
    assert await admitted(stage, 2, "sign_up") == 1
    assert await admitted(stage, 1, "page", name="rosa@mail.example") == 1


async def test_a_channel_that_does_not_exist_is_a_mistake_of_the_code(stage: Stage) -> None:
    with pytest.raises(ValueError, match="'fax' is no channel"):
        await throttle.admit(a_visit(stage), "fax", JOHN)


@pytest.mark.parametrize(
    "spelling",
    ["John@mail.example", "ｊohn@mail.example", " john@mail.example ", "jo\u200bhn@mail.example", "john@mail.example" + " " * 300 + "1"],  # noqa: RUF001  # that is the test
)
async def test_spellings_of_one_account_share_a_quota(throttled: Maker, spelling: str) -> None:
    """CVE-2026-47203; the last one is found as John because what comes after 254 characters is not read."""
    stage = await throttled(account=["2/hour"])
    assert await admitted(stage, 2) == 2
    assert await admitted(stage, 1, name=spelling) == 0


async def test_an_address_that_tries_many_accounts_is_stopped(throttled: Maker) -> None:
    stage = await throttled(client=["3/hour"])
    assert [await admitted(stage, 1, name=f"{number}@mail.example") for number in range(5)] == [1, 1, 1, 0, 0]
    assert await admitted(stage, 1, client="198.51.100.1") == 1


async def test_a_client_that_is_refused_does_not_use_up_the_account(throttled: Maker) -> None:
    stage = await throttled(client=["2/hour"], account=["5/hour"])
    assert await admitted(stage, 50) == 2
    assert await admitted(stage, 5, client="198.51.100.1") == 2
    assert await admitted(stage, 5, client="198.51.100.2") == 1


@pytest.mark.parametrize("changes", [{"path": "//sign-in"}, {"path": "/sign-in/"}, {"raw_path": b"/%73ign-in"}, {"method": "PUT"}])
async def test_no_spelling_of_a_path_is_another_quota(throttled: Maker, changes: dict[str, Any]) -> None:
    """GHSA-x732-6j76-qmhm, CVE-2025-47910."""
    stage = await throttled(account=["2/hour"])
    assert await admitted(stage, 2, path="/sign-in", method="POST") == 2
    assert await admitted(stage, 1, **changes) == 0


async def test_a_client_without_an_address_is_counted_like_any_other(throttled: Maker) -> None:
    """CVE-2024-47070, CVE-2023-36456: what cannot be read skips no step; all of it is one client."""
    stage = await throttled(client=["2/hour"])
    headers = [{b"x-forwarded-for": f"a{number}".encode()} for number in range(4)]
    assert [await admitted(stage, 1, client="", headers=header, name=f"{at}@mail.example") for at, header in enumerate(headers)] == [
        1,
        1,
        0,
        0,
    ]


async def test_no_account_named_is_counted_by_client(throttled: Maker) -> None:
    stage = await throttled(client=["2/hour"], account=["1/hour"])
    assert await admitted(stage, 3, "passkey", name="") == 2
    assert await admitted(stage, 1, "passkey", name=" ", client="198.51.100.1") == 1


async def test_a_second_call_in_one_request_counts_the_account_alone(throttled: Maker) -> None:
    """A passkey tells whose it is: the client has been counted by then."""
    stage = await throttled(client=["2/hour"], account=["3/hour"])
    for _ in range(2):
        visit = a_visit(stage)
        for name in ("", JOHN, ""):
            await throttle.admit(visit, "passkey", name)
    assert await admitted(stage, 1) == 0
    assert await admitted(stage, 2, client="198.51.100.1") == 1


@pytest.mark.parametrize(
    "options",
    [
        {"client": []},
        {"account": "5/minute"},
        {"device": ["often"]},
        {"letters": ["0/minute"]},
        {"total": "many"},
        {"crowd_client": ""},
        {"crowd_account": None},
        {"second": 0},
        {"second": 2.5},
        {"known_days": 401},
        {"on_store_failure": "guess"},
    ],
)
def test_options_that_cannot_work_stop_the_start(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=rf"Throttle\.{next(iter(options))}"):
        Throttle(**options)
