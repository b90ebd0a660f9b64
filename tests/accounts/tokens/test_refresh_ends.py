"""What ends programs that are signed in, and what happens when the store cannot be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from buckler.accounts.problems import AccountError
from buckler.accounts.tables import Family, RefreshToken
from buckler.accounts.tokens import Tokens, marks, owner_of, refresh
from buckler.errors import StoreError
from tests.accounts.stage import stage_at
from tests.accounts.tokens.acts import broken_store, deleted, disabled, end, replaced, revoke, somebody, start

if TYPE_CHECKING:
    from pathlib import Path

    from buckler.accounts.visit import Visit
    from tests.accounts.stage import Browser, Stage

DAY_S = 86_400


async def _refused(browser: Browser, act: Any, *given: Any) -> AccountError:
    with pytest.raises(AccountError) as caught:
        await browser.call(act, *given)
    return caught.value


async def _counted(stage: Stage) -> tuple[int, int]:
    async with stage.accounts.database() as db:
        families = await db.scalar(select(func.count()).select_from(Family))
        return families or 0, await db.scalar(select(func.count()).select_from(RefreshToken)) or 0


async def test_a_new_password_ends_every_program_at_once(anywhere: Stage) -> None:
    browser, person = anywhere.browser(), await somebody(anywhere)
    pairs = [await browser.call(start, person, f"Program {number}") for number in range(3)]
    other = await browser.call(start, await somebody(anywhere, "noor@mail.example"))
    anywhere.clock.move(0.5)
    await browser.call(end, person)
    for pair in pairs:
        await _refused(browser, owner_of, pair.access)
        await _refused(browser, refresh.redeem, pair.refresh)
    await browser.call(owner_of, other.access)
    after = await browser.call(start, person)  # in the same second
    await browser.call(owner_of, after.access)
    assert "tokens_ended" in await anywhere.log()


async def test_the_program_that_changes_the_password_goes_on(anywhere: Stage) -> None:
    browser, person = anywhere.browser(), await somebody(anywhere)
    mine, other = await browser.call(start, person, "Mine"), await browser.call(start, person, "Other")
    anywhere.clock.move(5)
    proof = await browser.call(owner_of, mine.access)
    await browser.call(replaced, person, UUID(proof.token_id))
    assert (await browser.call(owner_of, mine.access)).token_id == proof.token_id
    await browser.call(refresh.redeem, mine.refresh)
    await _refused(browser, owner_of, other.access)
    await _refused(browser, refresh.redeem, other.refresh)


async def test_a_deleted_person_has_no_token_left(anywhere: Stage) -> None:
    """GHSA-2vg6-77g8-24mp: sessions of a deleted user went on in the second store."""
    browser, person = anywhere.browser(), await somebody(anywhere)
    pair = await browser.call(start, person)
    anywhere.clock.move(1)
    await browser.call(end, person)
    await deleted(anywhere, person)
    await _refused(browser, owner_of, pair.access)
    await _refused(browser, refresh.redeem, pair.refresh)
    assert await _counted(anywhere) == (0, 0)


async def test_a_disabled_person_gets_no_next_token(anywhere: Stage) -> None:
    browser, person = anywhere.browser(), await somebody(anywhere)
    pair = await browser.call(start, person)
    await disabled(anywhere, person)
    await _refused(browser, refresh.redeem, pair.refresh)
    assert (await _refused(browser, start, person)).problem.code == "account.person_gone"
    await browser.call(end, person)  # nobody is too disabled for that


async def test_what_was_issued_before_everything_ended_is_over(stage: Stage) -> None:
    """Even of a sign-in that nobody knew of: the mark of the person says so."""
    browser, person = stage.browser(), await somebody(stage)
    pair = await browser.call(start, person)
    stage.clock.move(1)
    await browser.call(_mark_person, person.id)
    await _refused(browser, owner_of, pair.access)


async def _mark_person(visit: Visit, person_id: UUID) -> None:
    await marks.end(visit, [], person_id)


async def test_marks_are_remembered_as_long_as_a_token_could_live(stage: Stage) -> None:
    browser, person = stage.browser(), await somebody(stage)
    await browser.call(start, person)
    await browser.call(end, person)
    kept = {key: until for key, (_, until) in stage.store._values.items() if key.startswith("token.")}
    assert sorted(key.split(":")[0] for key in kept) == ["token.family", "token.person"]
    assert set(kept.values()) == {stage.clock.now() + 300 + 60}


async def test_ending_needs_the_store(stage: Stage) -> None:
    """An end that the other machines are not told of is none: nothing has changed, and the caller sees the error."""
    browser, person = stage.browser(), await somebody(stage)
    pair = await browser.call(start, person)
    (family,) = await browser.call(refresh.listed, person)
    ends: tuple[tuple[Any, tuple[Any, ...]], ...] = ((end, (person,)), (revoke, (person, family.id)), (refresh.sign_out, (pair.refresh,)))
    for act, given in ends:
        with broken_store(stage), pytest.raises(StoreError):
            await browser.call(act, *given)
    assert await _counted(stage) == (1, 1)


@pytest.mark.parametrize("failure", ["refuse", "allow"])
async def test_when_the_store_cannot_say(tmp_path: Path, failure: str) -> None:
    async with stage_at(tmp_path, tokens=Tokens(on_store_failure=failure)) as stage:
        browser = stage.browser()
        pair = await browser.call(start, await somebody(stage))

        async def act(visit: Visit) -> object:
            with broken_store(stage):
                try:
                    return await owner_of(visit, pair.access)
                except AccountError as error:
                    return error.problem.status

        found = await browser.do(act)
        assert (found == 503) is (failure == "refuse")
        assert "store.failed" in stage.events()
