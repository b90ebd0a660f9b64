"""The list of devices: real sign-ins, real sessions, several browsers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, update

from buckler.accounts import devices, people, signin
from buckler.accounts.problems import AccountError
from buckler.accounts.tables import Device
from buckler.errors import StoreError
from tests.accounts.flows import sign_in, signed_up
from tests.accounts.stage import EMAIL, FIREFOX, OTHER
from tests.accounts.stage import PASSWORD as RIGHT

if TYPE_CHECKING:
    from buckler.accounts.devices import Shown
    from buckler.accounts.visit import Visit
    from tests.accounts.stage import Browser, Stage

SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile Safari/604.1"


async def listed(browser: Browser) -> list[Shown]:
    async def act(visit: Visit, person: Any) -> list[Shown]:
        found = await devices.listed(visit, person)
        await visit.commit()
        return found

    return await browser.own(act)


async def who(browser: Browser) -> str | None:
    async def act(visit: Visit) -> str | None:
        person = await people.of_session(visit)
        return person.email if person else None

    return await browser.do(act)


async def rows(stage: Stage) -> int:
    async with stage.accounts.database() as db:
        return (await db.scalars(select(func.count()).select_from(Device))).one()


async def committed(browser: Browser, flow: Any, *given: Any) -> None:
    async def act(visit: Visit, person: Any) -> None:
        await flow(visit, person, *given)
        await visit.commit()

    await browser.own(act)


async def both(stage: Stage) -> tuple[Browser, Browser]:
    """A computer that has signed up, and a telephone that has signed in a minute later."""
    computer, phone = stage.browser(), stage.browser("198.51.100.9", SAFARI)
    await signed_up(stage, computer)
    stage.clock.move(60)
    await sign_in(phone)
    return computer, phone


async def test_the_list_says_where_when_and_by_which_browser(anywhere: Stage) -> None:
    computer, phone = await both(anywhere)
    here, there = await listed(computer)
    assert (here.agent, here.address, here.how, here.current) == ("Firefox on Linux", "203.0.113.7", ["password"], True)
    assert (there.agent, there.address, there.current) == ("Safari on iOS", "198.51.100.9", False)
    assert (there.created_at - here.created_at).total_seconds() == 60
    assert [item.current for item in await listed(phone)] == [True, False]
    assert (await listed(phone))[0].id == there.id


async def test_one_device_ends(anywhere: Stage) -> None:
    computer, phone = await both(anywhere)
    _, there = await listed(computer)
    await committed(computer, devices.revoke, there.id)
    assert await who(phone) is None
    assert [item.current for item in await listed(computer)] == [True]
    assert "device_ended" in await anywhere.log()


async def test_ending_this_device_signs_out(stage: Stage) -> None:
    computer, phone = await both(stage)
    here, _ = await listed(computer)
    await committed(computer, devices.revoke, here.id)
    assert "__Host-session" not in computer.client.cookies
    assert await who(computer) is None
    assert len(await listed(phone)) == 1


async def test_nobody_ends_a_device_of_somebody_else(stage: Stage) -> None:
    computer, _ = await both(stage)
    other = stage.browser("192.0.2.1")
    await signed_up(stage, other, "rosa@mail.example", OTHER)
    here, _ = await listed(computer)
    for wrong in (here.id, uuid4()):
        with pytest.raises(AccountError) as raised:
            await committed(other, devices.revoke, wrong)
        assert raised.value.problem is devices.GONE
    assert await who(computer) == EMAIL


async def test_all_others_end(stage: Stage) -> None:
    computer, phone = await both(stage)
    await committed(phone, devices.revoke_others)
    assert (await who(computer), await who(phone)) == (None, EMAIL)
    (here,) = await listed(phone)
    assert here.current
    assert "other_devices_ended" in await stage.log()


async def test_everything_of_a_person_ends_in_the_one_store_of_all_workers(stage: Stage) -> None:
    """GHSA-2vg6-77g8-24mp."""
    computer, phone = await both(stage)
    other = stage.browser("192.0.2.1")
    await signed_up(stage, other, "rosa@mail.example", OTHER)
    john = await stage.person()

    async def by_an_administrator(visit: Visit) -> None:
        await devices.end_all(visit, john)
        assert await devices.listed(visit, john) == []
        await visit.commit()

    await other.do(by_an_administrator)
    assert [await who(browser) for browser in (computer, phone, other)] == [None, None, "rosa@mail.example"]
    assert await rows(stage) == 1
    await committed(other, devices.end_all)
    assert await who(other) is None
    assert await rows(stage) == 0


async def test_signing_out_takes_the_row_away(stage: Stage) -> None:
    computer, phone = await both(stage)
    await phone.call(signin.out)
    assert await rows(stage) == 1
    assert len(await listed(computer)) == 1


async def test_signing_in_again_in_one_browser_is_one_device(stage: Stage) -> None:
    computer, _ = await both(stage)
    await sign_in(computer)
    assert await rows(stage) == 2
    assert len(await listed(computer)) == 2


async def test_a_device_that_nobody_used_any_more_leaves_the_list_and_the_table(stage: Stage) -> None:
    computer, _ = await both(stage)
    for _ in range(2):
        stage.clock.move(28 * 60)
        assert await who(computer) == EMAIL
    assert [item.current for item in await listed(computer)] == [True]
    assert await rows(stage) == 1


async def test_a_row_that_was_written_a_moment_ago_is_not_taken_away(stage: Stage) -> None:
    """It is written before its session is, which happens when the answer leaves."""
    computer, _ = await both(stage)
    async with stage.accounts.database() as db:
        await db.execute(update(Device).where(Device.agent == SAFARI).values(handle="of a session that is on its way"))
        await db.commit()
    assert len(await listed(computer)) == 1
    assert await rows(stage) == 2
    stage.clock.move(60)
    await listed(computer)
    assert await rows(stage) == 1


async def test_a_planted_session_is_no_device(stage: Stage) -> None:
    """Session fixation: the id that a visitor brings is replaced at sign-in, an unknown one is never adopted."""
    await signed_up(stage, stage.browser("192.0.2.1"))
    browser = stage.browser()

    async def remembers(visit: Visit) -> str:
        visit.session["basket"] = [7]
        return visit.session.handle

    before = await browser.do(remembers)
    planted = browser.client.cookies["__Host-session"]
    await sign_in(browser)
    thief = stage.browser("198.51.100.1")
    thief.client.cookies.set("__Host-session", planted, domain="shop.example", path="/")
    assert (await who(browser), await who(thief)) == (EMAIL, None)
    async with stage.accounts.database() as db:
        assert before not in set(await db.scalars(select(Device.handle)))


# ---- a session that gets a new id


async def test_a_device_keeps_its_place_when_its_session_gets_a_new_id(stage: Stage) -> None:
    computer, phone = await both(stage)
    before = (await listed(phone))[0]

    async def renews(visit: Visit) -> str:
        visit.session.renew()
        await devices.follow(visit)
        await visit.commit()
        return visit.session.handle

    handle = await phone.do(renews)
    stage.clock.move(120)
    here, there = await listed(computer)
    assert (here.current, there.id) == (True, before.id)
    await committed(computer, devices.revoke, there.id)
    assert await who(phone) is None
    assert await stage.guard.plan.site.offers["sessions"].alive([handle]) == [False]


async def test_a_session_that_got_away_with_a_new_id_ends_at_its_next_look(stage: Stage) -> None:
    """Its row was ended while it renewed itself: the row counts."""
    computer, phone = await both(stage)
    _, there = await listed(computer)

    async def renews_alone(visit: Visit) -> None:
        visit.session.renew()

    await phone.do(renews_alone)
    await committed(computer, devices.revoke, there.id)
    assert await who(phone) == EMAIL
    await phone.do(devices.seen)
    assert await who(phone) is None


async def test_who_is_signed_in_otherwise_has_no_row_and_is_left_alone(stage: Stage) -> None:
    """By an application's own `session.sign_in`, or nobody at all."""
    browser = stage.browser()
    await browser.do(devices.seen)

    async def own_way(visit: Visit) -> None:
        visit.session.sign_in(str(UUID(int=7)))
        await devices.follow(visit)

    await browser.do(own_way)
    await browser.do(devices.seen)
    assert await rows(stage) == 0

    async def person(visit: Visit) -> str | None:
        return visit.session.person

    assert await browser.do(person) == str(UUID(int=7))


async def test_being_seen_is_written_down_once_a_minute(stage: Stage) -> None:
    computer, _ = await both(stage)
    first = (await listed(computer))[0].seen_at
    stage.clock.move(30)
    await computer.do(devices.seen)  # the row is from a minute and a half ago
    second = (await listed(computer))[0].seen_at
    assert (second - first).total_seconds() == 90
    stage.clock.move(59)
    await computer.do(devices.seen)
    assert (await listed(computer))[0].seen_at == second
    stage.clock.move(1)
    await computer.do(devices.seen)
    assert ((await listed(computer))[0].seen_at - second).total_seconds() == 60


async def test_a_store_that_fails_is_no_empty_list(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    computer, _ = await both(stage)

    async def fails(visit: Visit, person: Any) -> None:
        async def down(ops: object) -> None:
            raise StoreError("down")

        with monkeypatch.context() as patch:
            patch.setattr(stage.store, "batch", down)
            with pytest.raises(StoreError):
                await devices.listed(visit, person)

    await computer.own(fails)
    assert await rows(stage) == 2


async def test_wrong_passwords_make_no_device(stage: Stage) -> None:
    computer, _ = await both(stage)
    thief = stage.browser("192.0.2.1", FIREFOX)
    with pytest.raises(AccountError):
        await thief.call(signin.with_password, EMAIL, RIGHT + "x")
    assert len(await listed(computer)) == 2
