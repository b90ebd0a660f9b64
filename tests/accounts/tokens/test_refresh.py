from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from buckler.accounts.problems import AccountError
from buckler.accounts.tables import Family, RefreshToken
from buckler.accounts.tokens import Pair, Tokens, owner_of, refresh
from tests.accounts.stage import stage_at
from tests.accounts.tokens.acts import broken_store, end, holding, revoke, somebody, start

if TYPE_CHECKING:
    from pathlib import Path

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


async def test_a_program_signs_in_and_goes_on(anywhere: Stage) -> None:
    browser, person = anywhere.browser(), await somebody(anywhere)
    pair = await browser.call(start, person, "Phone", ("articles:read", "articles:write"))
    signed = await browser.call(owner_of, pair.access)
    assert (signed.person_id, signed.how, signed.fresh_s) == (person.id, "access_token", float("inf"))
    assert signed.scopes == frozenset({"articles:read", "articles:write"})
    anywhere.clock.move(250)
    other = await browser.call(refresh.redeem, pair.refresh)
    assert other.refresh != pair.refresh
    assert other.expires_s == 300
    again = await browser.call(owner_of, other.access)
    assert (again.person_id, again.token_id, again.scopes) == (signed.person_id, signed.token_id, signed.scopes)
    anywhere.clock.move(50)
    await _refused(browser, owner_of, pair.access)
    assert await anywhere.log() == ["program_signed_in"]


async def test_a_refresh_token_proves_nobody(stage: Stage) -> None:
    browser = stage.browser()
    pair = await browser.call(start, await somebody(stage))
    await _refused(browser, owner_of, pair.refresh)
    await _refused(browser, refresh.redeem, pair.access)
    assert pair.refresh.startswith("bkr_")


async def test_nothing_that_lets_in_is_kept(stage: Stage, tmp_path: Path) -> None:
    browser = stage.browser()
    pair = await browser.call(start, await somebody(stage))
    pair = await browser.call(refresh.redeem, pair.refresh)
    secrets = (pair.refresh[4:-6].encode(), pair.access.rpartition(".")[2].encode())
    assert not holding(tmp_path, *secrets)


async def test_whoever_shows_a_spent_token_ends_the_family(anywhere: Stage) -> None:
    """GHSA-392p-2q2v-4372: the thief and the owner are told apart by nobody, so both stand outside."""
    browser, thief, person = anywhere.browser(), anywhere.browser("198.51.100.9", "curl/8"), await somebody(anywhere)
    first = await browser.call(start, person)
    second = await browser.call(refresh.redeem, first.refresh)
    third = await browser.call(refresh.redeem, second.refresh)
    assert (await _refused(thief, refresh.redeem, first.refresh)).problem.status == 401
    await _refused(browser, refresh.redeem, third.refresh)
    await _refused(browser, owner_of, third.access)
    assert await _counted(anywhere) == (0, 0)
    assert "account.refresh_reused" in anywhere.events()
    (letter,) = [letter for letter in await anywhere.letters() if "signed out" in str(letter["Subject"])]
    assert letter["To"] == person.email
    assert "198.51.100.9" in letter.as_string()
    await _refused(thief, refresh.redeem, first.refresh)  # no second letter
    assert len(await anywhere.letters()) == 1


async def test_a_family_ends_even_when_the_store_fails(stage: Stage) -> None:
    browser = stage.browser()
    first = await browser.call(start, await somebody(stage))
    second = await browser.call(refresh.redeem, first.refresh)
    with broken_store(stage):
        await _refused(browser, refresh.redeem, first.refresh)
    assert await _counted(stage) == (0, 0)
    assert "store.failed" in stage.events()
    await _refused(browser, refresh.redeem, second.refresh)


async def test_other_families_go_on(stage: Stage) -> None:
    browser, person = stage.browser(), await somebody(stage)
    phone, laptop = await browser.call(start, person), await browser.call(start, person, "Laptop")
    await browser.call(refresh.redeem, phone.refresh)
    await _refused(browser, refresh.redeem, phone.refresh)
    await browser.call(owner_of, laptop.access)
    await browser.call(refresh.redeem, laptop.refresh)


async def test_parallel_redemption_has_one_winner(anywhere: Stage) -> None:
    """GHSA-392p-2q2v-4372, GHSA-pw9m-5jxm-xr6h: of twenty at once one wins, and the family ends because nineteen came too late."""
    browser, person = anywhere.browser(), await somebody(anywhere)
    pair = await browser.call(start, person)
    ends = await asyncio.gather(*(browser.call(refresh.redeem, pair.refresh) for _ in range(20)), return_exceptions=True)
    winners = [item for item in ends if isinstance(item, Pair)]
    assert len(winners) == 1, ends
    assert [item.problem.code for item in ends if isinstance(item, AccountError)] == ["account.token_invalid"] * 19
    assert await _counted(anywhere) == (0, 0)
    await _refused(browser, owner_of, winners[0].access)
    await _refused(browser, refresh.redeem, winners[0].refresh)
    assert anywhere.events().count("account.refresh_reused") == 1
    assert len(await anywhere.letters()) == 1


async def test_redeeming_while_everything_ends(anywhere: Stage) -> None:
    """Whatever the order, nothing is left and nothing waits for ever."""
    browser, person = anywhere.browser(), await somebody(anywhere)
    pairs = [await browser.call(start, person, f"Program {number}") for number in range(8)]
    acts: list[Any] = [browser.call(refresh.redeem, pair.refresh) for pair in pairs]
    ends = await asyncio.gather(*acts[:4], browser.call(end, person), *acts[4:], return_exceptions=True)
    assert not [item for item in ends if not isinstance(item, (Pair, AccountError, type(None)))], ends
    assert await _counted(anywhere) == (0, 0)
    for pair in (*pairs, *(item for item in ends if isinstance(item, Pair))):
        await _refused(browser, owner_of, pair.access)


async def test_scopes_only_narrow(stage: Stage) -> None:
    browser, person = stage.browser(), await somebody(stage)
    pair = await browser.call(start, person, "Phone", ("articles:read", "articles:write"))
    for wider in (["articles:delete"], ["articles:read", "articles:delete"], ["*"], ["articles:*"]):
        assert (await _refused(browser, refresh.redeem, pair.refresh, wider)).problem.code == "account.scope_wider"
    narrow = await browser.call(refresh.redeem, pair.refresh, ["articles:read"])  # the refused ones have spent nothing
    assert narrow.scopes == ("articles:read",)
    assert (await browser.call(owner_of, narrow.access)).scopes == frozenset({"articles:read"})
    whole = await browser.call(refresh.redeem, narrow.refresh)  # RFC 6749, section 6: the sign-in itself stays as it was granted
    assert set(whole.scopes) == {"articles:read", "articles:write"}
    none = await browser.call(refresh.redeem, whole.refresh, [])
    assert (await browser.call(owner_of, none.access)).scopes == frozenset()


async def test_a_program_that_may_do_everything(stage: Stage) -> None:
    browser, person = stage.browser(), await somebody(stage)
    pair = await browser.call(start, person)
    signed = await browser.call(owner_of, pair.access)
    assert signed.scopes is None
    assert signed.may_use("articles:delete")
    assert (await _refused(browser, refresh.redeem, pair.refresh, ["no scope"])).problem.code == "account.scope_wider"
    assert (await _refused(browser, refresh.redeem, pair.refresh, [f"s{n}" for n in range(21)])).problem.code == "account.scope_wider"
    narrow = await browser.call(refresh.redeem, pair.refresh, ["articles:read"])
    assert (await browser.call(owner_of, narrow.access)).scopes == frozenset({"articles:read"})
    assert (await _refused(browser, start, person, "Phone", ("*",))).field == "scopes"


async def test_a_sign_in_ends_without_use(stage: Stage) -> None:
    browser = stage.browser()
    pair = await browser.call(start, await somebody(stage))
    stage.clock.move(7 * DAY_S - 1)
    pair = await browser.call(refresh.redeem, pair.refresh)
    stage.clock.move(7 * DAY_S)
    await _refused(browser, refresh.redeem, pair.refresh)
    assert await _counted(stage) == (0, 0)
    assert await stage.letters() == []


async def test_a_sign_in_ends_after_thirty_days_however_busy(stage: Stage) -> None:
    browser = stage.browser()
    pair = await browser.call(start, await somebody(stage))
    for _ in range(5):
        stage.clock.move(6 * DAY_S - 20)
        pair = await browser.call(refresh.redeem, pair.refresh)
    assert pair.expires_s == 100  # no access token outlives its sign-in
    stage.clock.move(100)
    await _refused(browser, owner_of, pair.access)
    await _refused(browser, refresh.redeem, pair.refresh)


async def test_listed_and_revoked(anywhere: Stage) -> None:
    browser, other = anywhere.browser(), await somebody(anywhere, "noor@mail.example")
    person = await somebody(anywhere)
    phone = await browser.call(start, person)
    anywhere.clock.move(1)
    laptop = await browser.call(start, person, "Laptop")
    families = await browser.call(refresh.listed, person)
    assert [family.name for family in families] == ["Laptop", "Phone"]
    assert await browser.call(refresh.listed, other) == []
    assert (await _refused(browser, revoke, other, families[0].id)).problem.status == 404
    assert (await _refused(browser, revoke, person, uuid4())).problem.status == 404
    await browser.call(revoke, person, families[0].id)
    await _refused(browser, owner_of, laptop.access)
    await _refused(browser, refresh.redeem, laptop.refresh)
    await browser.call(owner_of, phone.access)
    anywhere.clock.move(7 * DAY_S)
    assert await browser.call(refresh.listed, person) == []


async def test_a_program_signs_itself_out(anywhere: Stage) -> None:
    browser, person = anywhere.browser(), await somebody(anywhere)
    pair = await browser.call(start, person)
    spent, pair = pair, await browser.call(refresh.redeem, pair.refresh)
    await browser.call(refresh.sign_out, spent.refresh)
    await _refused(browser, owner_of, pair.access)
    await _refused(browser, refresh.redeem, pair.refresh)
    for nothing in (pair.refresh, "bkr_", "", pair.access):  # RFC 7009: no error, and nothing to learn
        await browser.call(refresh.sign_out, nothing)
    assert sorted(await anywhere.log()) == ["program_signed_in", "program_signed_out"]


async def test_the_oldest_makes_room(tmp_path: Path) -> None:
    async with stage_at(tmp_path, tokens=Tokens(max_families=3)) as stage:
        browser, person = stage.browser(), await somebody(stage)
        pairs = []
        for number in range(3):
            pairs.append(await browser.call(start, person, f"Program {number}"))
            stage.clock.move(1)
        await browser.call(refresh.redeem, pairs[0].refresh)  # so that 1 is the one that was used longest ago
        await browser.call(start, person, "Another")
        await _refused(browser, owner_of, pairs[1].access)
        await browser.call(owner_of, pairs[2].access)
        assert {family.name for family in await browser.call(refresh.listed, person)} == {"Program 0", "Program 2", "Another"}
        stage.clock.move(8 * DAY_S)
        await browser.call(start, person, "Much later")
        assert await _counted(stage) == (1, 1)  # what is over is not kept


async def test_twenty_sign_ins_at_once_against_the_cap(anywhere: Stage) -> None:
    """CVE-2024-1722."""
    browser, person = anywhere.browser(), await somebody(anywhere)
    await asyncio.gather(*(browser.call(start, person, f"Program {number}") for number in range(25)))
    assert await _counted(anywhere) == (20, 20)


async def test_what_is_over_is_swept_for_everybody(anywhere: Stage) -> None:
    browser, person, gone = anywhere.browser(), await somebody(anywhere), await somebody(anywhere, "noor@mail.example")
    await browser.call(start, gone)
    anywhere.clock.move(30 * DAY_S)
    await browser.call(start, person)
    assert await _counted(anywhere) == (1, 1)
