"""The cookie of known browsers: what it gives, and what no other one gives."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.accounts import known
from buckler.accounts.addresses import email_key
from buckler.core.sign import Keys
from buckler.testing import SECRET
from tests.accounts.attempts import JOHN, a_visit, admitted, device_of, known_device

if TYPE_CHECKING:
    from tests.accounts.attempts import Maker
    from tests.accounts.stage import Stage

FEW: dict[str, Any] = {"account": ["2/hour"], "device": ["4/hour"]}
ROSA = "rosa@mail.example"
NEWER = "a newer secret of the tests: thirty-two bytes"


async def _locked(throttled: Maker, **options: Any) -> Stage:
    stage = await throttled(**FEW | options)
    for name in (JOHN, ROSA):
        assert await admitted(stage, 3, name=name, client="198.51.100.1") == 2
    return stage


async def test_a_known_browser_is_never_locked_out_by_somebody_else(throttled: Maker) -> None:
    stage = await _locked(throttled)
    device = await known_device(stage)
    for client in ("198.51.100.1", "192.0.2.1"):  # also from the attacker's own network
        assert await admitted(stage, 2, device=device, client=client) == 2
    assert await admitted(stage, 1, device=device) == 0  # its own mistakes are its own


async def test_what_a_known_browser_tries_is_not_counted_for_anybody_else(throttled: Maker) -> None:
    stage = await throttled(**FEW, client=["3/hour"])
    device = await known_device(stage)
    assert await admitted(stage, 9, device=device) == 4
    assert await admitted(stage, 9) == 2


async def test_letters_to_a_known_browser_are_counted_apart(throttled: Maker) -> None:
    stage = await throttled(letters=["2/hour"])
    device = await known_device(stage)
    assert await admitted(stage, 3, "reset", client="198.51.100.1") == 2
    assert await admitted(stage, 3, "reset", device=device) == 2
    assert await admitted(stage, 10, "page", device=device) == 10


async def test_a_cookie_of_another_account_gives_nothing(throttled: Maker) -> None:
    stage = await _locked(throttled)
    assert await admitted(stage, 1, device=await known_device(stage, ROSA)) == 0


async def test_a_copy_shares_the_one_quota_and_the_true_browser_has_a_new_one_on_the_next_day(throttled: Maker) -> None:
    stage = await _locked(throttled)
    stolen = await known_device(stage)
    assert sum([await admitted(stage, 1, device=stolen, client=f"192.0.2.{number}") for number in range(20)]) == 4
    assert await admitted(stage, 4, device=await known_device(stage, device=stolen)) == 0
    stage.clock.move(86_400)
    assert await admitted(stage, 4, device=await known_device(stage, device=stolen)) == 4


async def test_a_forged_or_damaged_cookie_is_a_stranger(throttled: Maker) -> None:
    """CVE-2026-25748: what is malformed is nobody, and never passes through."""
    stage = await _locked(throttled)
    good = await known_device(stage)
    day, name, proof = good[:5], good[5:21], good[21:]
    other_day = f"{int(day) - 1:05d}"
    nul = base64.urlsafe_b64encode(bytes(16)).rstrip(b"=").decode()
    for bad in (
        day + "A" * 16 + proof,
        other_day + name + proof,
        day + name + nul,
        good + ".",
        good + "." + good[:-1],
        "." + good,
        f'"{good}"',
        good + "\x00",
        good + "é",
        ".".join([good] * 6),
        "x",
    ):
        assert await admitted(stage, 1, device=bad) == 0, bad
    headers = {b"cookie": f"__Host-device={good}; __Host-device={good}".encode()}
    assert await admitted(stage, 1, headers=headers) == 0  # only somebody who planted one makes it two
    assert await admitted(stage, 1, device=good) == 1


async def test_it_holds_for_as_long_as_it_is_said(throttled: Maker) -> None:
    stage = await throttled(account=["2/3650d"], known_days=30)
    device = await known_device(stage)
    assert await admitted(stage, 3) == 2
    stage.clock.move(30 * 86_400)
    assert await admitted(stage, 1, device=device) == 1
    stage.clock.move(86_400)
    assert await admitted(stage, 1, device=device) == 0
    assert not known.entry(a_visit(stage, device=device), JOHN)
    stage.clock.move(-32 * 86_400)  # a day that has not come yet was made by nobody
    assert not known.entry(a_visit(stage, device=device), JOHN)
    stage.clock.move(86_400)
    assert known.entry(a_visit(stage, device=device), JOHN)


def _with_secrets(stage: Stage, *secrets: str) -> None:
    object.__setattr__(stage.guard.plan.site, "keys", Keys(secrets))


async def test_it_moves_on_to_a_newer_secret_and_ends_with_its_own(throttled: Maker) -> None:
    stage = await throttled(**FEW)
    old = await known_device(stage)
    _with_secrets(stage, NEWER, SECRET)
    assert await admitted(stage, 9, device=old) == 4
    stage.clock.move(86_400)
    new = await known_device(stage, device=old)
    assert "." not in new  # in place of the old entry, not beside it
    _with_secrets(stage, NEWER)
    assert await admitted(stage, 9, device=old) == 2
    assert await admitted(stage, 9, device=new) == 4


async def test_several_accounts_share_a_browser_and_the_oldest_is_forgotten(throttled: Maker) -> None:
    stage = await throttled()
    device = ""
    names = [f"{letter}@mail.example" for letter in "abcdef"]
    for name in names:
        device = await known_device(stage, name, device)
    assert len(device) == 219
    visit = a_visit(stage, device=device)
    entries = [known.entry(visit, known.account(name)) for name in names]
    assert entries[0] == ""
    assert len(set(entries[1:])) == 5
    again = await known_device(stage, names[1], device)
    visit = a_visit(stage, device=again)
    assert [bool(known.entry(visit, known.account(name))) for name in names] == [False, *[True] * 5]


async def test_the_cookie_names_nobody_and_is_for_this_host_alone(stage: Stage) -> None:
    visit = a_visit(stage)
    known.remember(visit, JOHN)
    ((_, header),) = visit.request.extra_headers
    value = device_of(visit)
    assert header == f"__Host-device={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={365 * 86_400}".encode()
    assert "john" not in value
    assert value[5:] not in await known_device(stage)  # and is another one each time


@pytest.mark.parametrize("text", ["John@mail.example", " john@mail.example", "ｊohn@mail.example", "jo\u200bhn@mail.example"])  # noqa: RUF001  # that is the test
async def test_a_browser_is_known_by_whatever_spelling(stage: Stage, text: str) -> None:
    visit = a_visit(stage, device=await known_device(stage, text))
    assert known.entry(visit, known.account(JOHN))


@given(st.text(max_size=300), st.text(max_size=300))
def test_whatever_finds_the_same_person_is_counted_as_one(one: str, other: str) -> None:
    """Found by `email_key`, counted by `account`: nothing may be one to the first and two to the second."""
    assert email_key(one) != email_key(other) or known.account(one) == known.account(other)
    assert known.account(one + "\u200b") == known.account(one) or len(one) >= 254
    assert len(known.account(one)) <= 254 * 18
