"""A new device is told of, and the oldest makes room."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import create_async_engine

from buckler.accounts import devices
from buckler.accounts.devices import network
from buckler.accounts.tables import Device, Entry, Person
from tests.accounts.flows import sign_in, signed_up
from tests.accounts.stage import EMAIL, FIREFOX, stage_at, staged
from tests.accounts.test_devices import SAFARI, listed, rows, who

if TYPE_CHECKING:
    from pathlib import Path

    from tests.accounts.stage import Browser, Stage

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"


async def told(stage: Stage, address: str, agent: str, browser: Browser | None = None) -> int:
    """Sign in and return how many letters about a new device that brought. Hours apart, so that no quota of guesses is in the way."""
    stage.clock.move(3 * 3600)
    before = len(await stage.letters("new_device"))
    await sign_in(browser or stage.browser(address, agent))
    return len(await stage.letters("new_device")) - before


async def test_the_device_on_which_an_account_was_made_is_not_new(stage: Stage) -> None:
    await signed_up(stage, stage.browser())
    assert await stage.letters("new_device") == []


async def test_an_account_that_was_made_for_somebody_hears_of_the_first_sign_in(stage: Stage) -> None:
    """By an administrator, or brought over from another system: nobody knows who it is that comes."""
    await signed_up(stage, stage.browser())
    async with stage.accounts.database() as db:
        await db.execute(delete(Entry))
        await db.commit()
    assert await told(stage, "192.0.2.1", FIREFOX) == 1


async def test_another_network_or_another_browser_is_told_of(stage: Stage) -> None:
    await signed_up(stage, stage.browser())
    assert await told(stage, "203.0.113.200", FIREFOX) == 0  # the same household, after its provider gave it another address
    assert await told(stage, "203.0.113.7", CHROME) == 1
    assert await told(stage, "192.0.2.1", FIREFOX) == 1
    assert await told(stage, "192.0.2.1", FIREFOX) == 0  # told once
    assert await told(stage, "2001:db8:7:1::5", FIREFOX) == 1
    assert await told(stage, "2001:db8:7:2::5", FIREFOX) == 0  # the same /48
    assert await told(stage, "2001:db8:8::5", FIREFOX) == 1
    assert (await stage.log()).count("new_device") == 4


async def test_a_known_browser_may_travel(stage: Stage) -> None:
    browser = stage.browser()
    await signed_up(stage, browser)
    travelled = stage.browser("192.0.2.1", CHROME)
    travelled.client.cookies.set("__Host-device", browser.client.cookies["__Host-device"], domain="shop.example", path="/")
    assert await told(stage, "", "", travelled) == 0


async def test_what_was_long_ago_is_new_again(stage: Stage) -> None:
    await signed_up(stage, stage.browser())
    stage.clock.move(89 * 86_400)
    assert await told(stage, "203.0.113.7", FIREFOX) == 0
    stage.clock.move(91 * 86_400)
    assert await told(stage, "203.0.113.7", FIREFOX) == 1


async def test_tries_that_failed_make_nobody_known(stage: Stage) -> None:
    """Nor does anything else in the security log but a sign-in."""
    await signed_up(stage, stage.browser())
    person = await stage.person()
    async with stage.accounts.database() as db:
        at = person.created_at + timedelta(hours=1)
        db.add(Entry(person_id=person.id, kind="sign_in_failed", at=at, address="192.0.2.1", agent=CHROME, detail=""))
        await db.commit()
    assert await told(stage, "192.0.2.1", CHROME) == 1


async def test_the_letter_says_what_when_and_where_to_look(stage: Stage) -> None:
    await signed_up(stage, stage.browser())
    assert await told(stage, "192.0.2.1", SAFARI) == 1
    (letter,) = await stage.letters("new_device")
    body = letter.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert letter["To"] == EMAIL
    for said in ("Safari on iOS", "192.0.2.1", "https://shop.example/account/security", "2027"):
        assert said in text


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("203.0.113.7", "203.0.113.0/24"),
        ("2001:db8:7:1::/64", "2001:db8:7::/48"),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("", ""),
        ("somewhere", ""),
    ],
)
def test_networks(address: str, found: str) -> None:
    assert network(address) == found


async def test_an_address_that_nobody_knows_is_never_known(stage: Stage) -> None:
    await signed_up(stage, stage.browser())
    async with stage.accounts.database() as db:
        await db.execute(update(Entry).values(address=""))
        await db.commit()

    async def act(visit: Any) -> bool:
        known, visit.request.client = visit.request.client, ""
        found = await devices._is_new(visit, await stage.person())
        visit.request.client = known  # by which it is counted out
        return found

    assert await stage.browser().do(act)


# ---- how many at once


async def test_the_oldest_makes_room(tmp_path: Path) -> None:
    async with stage_at(tmp_path, max_sessions=2) as stage:
        browsers = [stage.browser() for _ in range(4)]
        await signed_up(stage, browsers[0])
        for browser in browsers[1:]:
            stage.clock.move(120)
            await sign_in(browser)
        assert [await who(browser) for browser in browsers] == [None, None, EMAIL, EMAIL]
        assert await rows(stage) == 2
        assert (await stage.log()).count("device_made_room") == 2


async def test_only_one_at_a_time(tmp_path: Path) -> None:
    async with stage_at(tmp_path, max_sessions=1) as stage:
        first, second = stage.browser(), stage.browser()
        await signed_up(stage, first)
        await sign_in(second)  # at the same moment
        assert (await who(first), await who(second)) == (None, EMAIL)


async def test_sessions_that_have_ended_need_no_room(tmp_path: Path) -> None:
    async with stage_at(tmp_path, max_sessions=2) as stage:
        gone, first, second = (stage.browser() for _ in range(3))
        await signed_up(stage, gone)
        stage.clock.move(31 * 60)
        await sign_in(first)
        stage.clock.move(60)
        await sign_in(second)
        assert [await who(browser) for browser in (gone, first, second)] == [None, EMAIL, EMAIL]
        assert len(await listed(second)) == 2


async def test_the_oldest_is_whoever_signed_in_first(tmp_path: Path) -> None:
    async with stage_at(tmp_path, max_sessions=2) as stage:
        first, second, third = (stage.browser(agent=agent) for agent in (FIREFOX, CHROME, SAFARI))
        await signed_up(stage, first)
        await sign_in(second)
        long_ago = (await stage.person()).created_at - timedelta(days=1)
        async with stage.accounts.database() as db:
            await db.execute(update(Device).where(Device.agent == CHROME).values(created_at=long_ago))
            await db.commit()
        await sign_in(third)
        assert [await who(browser) for browser in (first, second, third)] == [EMAIL, None, EMAIL]


async def test_a_session_that_is_on_its_way_needs_room_as_well(tmp_path: Path) -> None:
    """Its row is written a moment before the store has it."""
    async with stage_at(tmp_path, max_sessions=2) as stage:
        await signed_up(stage, stage.browser(agent=CHROME))
        async with stage.accounts.database() as db:
            await db.execute(update(Device).values(handle="of a session that is on its way"))
            await db.commit()
        for _ in range(2):
            stage.clock.move(20)
            await sign_in(stage.browser())
            assert await rows(stage) == 2


async def test_many_that_arrive_at_once_do_not_exceed_the_cap(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """On PostgreSQL, where writers do not wait for each other unless they are told to."""
    engine = create_async_engine(request.getfixturevalue("postgresql"))
    async with staged(engine, max_sessions=2) as stage:
        await signed_up(stage, stage.browser())
        stage.clock.move(120)
        browsers = [stage.browser() for _ in range(5)]

        async def arrives(visit: Any) -> None:
            person = (await visit.db.scalars(select(Person))).one()
            visit.session.sign_in(str(person.id))
            await devices.arrived(visit, person, ["password"])
            await visit.commit()

        await asyncio.gather(*(browser.do(partial(arrives)) for browser in browsers))  # each an act of its own
        async with stage.accounts.database() as db:
            assert (await db.scalars(select(func.count()).select_from(Device))).one() == 2
