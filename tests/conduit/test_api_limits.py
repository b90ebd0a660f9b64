"""The limits that are on by default: nobody guesses passwords, and nobody fills the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from buckler import Guard
from buckler.core.clock import HandClock
from tests.conduit.inside import inside

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.conduit.inside import Inside


@pytest.fixture
async def strict(tmp_path: Path) -> AsyncIterator[Inside]:
    async with inside(tmp_path, insecure_only_report_rate_limits=False) as running:
        running.parts.store.__dict__["_clock"] = HandClock()  # no time passes, in which one more attempt would be allowed
        yield running


async def test_guessing_ends_for_the_account_however_it_is_spelt(strict: Inside) -> None:
    await strict.join("mira")
    spellings = ("mira@test.com", "MIRA@test.com", " mira@test.com ", "Mira@Test.com")
    codes = []
    for number in range(14):
        user = {"email": spellings[number % 4], "password": f"guess number {number}"}
        codes.append((await strict.ask("POST", "/users/login", json={"user": user})).status_code)
    assert codes == [401] * 5 + [429] * 9


async def test_one_address_registers_twenty_people_an_hour(strict: Inside) -> None:
    for number in range(20):
        await strict.join(f"mira{number}")
    person = {"username": "mira", "email": "mira@test.com", "password": "nine green bottles"}
    answer = await strict.ask("POST", "/users", json={"user": person})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0


async def test_the_hole_is_named_where_the_guard_is_asked(tmp_path: Path) -> None:
    async with inside(tmp_path, insecure_only_report_rate_limits=True) as running:
        assert isinstance(running.app, Guard)
        assert [item.card.name for item in running.app.plan.protections if item.report_only] == ["ratelimit"]
        assert running.parts.accounts.throttle.report_only
