"""Accounts elsewhere, joined with people here: by whom, how, and what they learn of it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
import pytest_asyncio
from sqlalchemy import update

from buckler.accounts import factors, fresh, signin, signup
from buckler.accounts.problems import AccountError
from buckler.accounts.providers import Claimed, Provider, links, named
from buckler.accounts.tables import Link, Person
from tests.accounts.flows import sign_in, signed_up
from tests.accounts.stage import EMAIL, stage_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from buckler.accounts.problems import Problem
    from buckler.accounts.visit import Visit
    from tests.accounts.stage import Browser, Stage

IDP = Provider(name="idp", label="Example ID", issuer="https://idp.example", client_id="shop", client_secret="secret")
CLAIMED = Claimed("idp", "subject-1", EMAIL, True, "link", "/")


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage_at(tmp_path, providers=[IDP]) as lent:
        yield lent


async def commit_add(visit: Visit, person: Person, claimed: Claimed) -> None:
    await links.add(visit, person, claimed)
    await visit.commit()


async def commit_remove(visit: Visit, person: Person, link_id: Any) -> None:
    await links.remove(visit, person, link_id)
    await visit.commit()


async def found(visit: Visit, claimed: Claimed) -> str | None:
    person = await links.owner(visit, claimed)
    await visit.commit()
    return person.email if person else None


async def listed(browser: Browser) -> list[Link]:
    return list(await browser.own(links.listed))


@asynccontextmanager
async def refused(problem: Problem) -> AsyncIterator[None]:
    with pytest.raises(AccountError) as caught:
        yield
    assert caught.value.problem is problem


async def test_a_link_is_added_used_listed_and_removed(stage: Stage) -> None:
    browser = stage.browser()
    await signed_up(stage, browser)
    assert await browser.call(found, CLAIMED) is None
    await browser.own(commit_add, CLAIMED)
    assert await browser.call(found, CLAIMED) == EMAIL
    link = (await listed(browser))[0]
    assert (link.provider, link.subject, link.email) == ("idp", "subject-1", EMAIL)
    assert link.used_at is not None
    await browser.own(commit_remove, link.id)
    assert await listed(browser) == []
    assert await browser.call(found, CLAIMED) is None
    assert [kind for kind in await stage.log() if kind.startswith("link_")] == ["link_added", "link_removed"]
    letters = [letter["X-Letter"] for letter in await stage.letters("link")]
    assert letters == ["link_added", "link_removed"]
    assert "Example ID" in str((await stage.letters("link_added"))[0])


@pytest.mark.parametrize("changes", [{"subject": "subject-2"}, {"provider": "other"}, {"subject": "SUBJECT-1"}, {"subject": "subject-1 "}])
async def test_nobody_is_found_by_an_address(changes: dict[str, Any], stage: Stage) -> None:
    """GHSA-g38m-r43w-p2q7: provider and subject alone say who it is; the address, though confirmed, does not."""
    browser = stage.browser()
    await signed_up(stage, browser)
    await browser.own(commit_add, CLAIMED)
    claimed = CLAIMED._replace(**changes)
    assert await browser.call(found, claimed) is None
    async with refused(signin.LINK_FIRST):
        await stage.browser("198.51.100.9").call(signin.with_claimed, claimed._replace(why="sign_in"))


async def test_an_address_that_nobody_confirmed_tells_nobody_who_has_an_account(stage: Stage) -> None:
    """At some providers one may claim any address: the answer must not say whether somebody here has it."""
    await signed_up(stage, stage.browser())
    for email in (EMAIL, "nobody@mail.example"):
        assert await stage.browser().call(signin.with_claimed, CLAIMED._replace(email=email, email_verified=False)) is None


async def test_somebody_disabled_is_not_found(stage: Stage) -> None:
    browser = stage.browser()
    await signed_up(stage, browser)
    await browser.own(commit_add, CLAIMED)
    async with stage.accounts.database() as db:
        await db.execute(update(Person).values(disabled_at=Person.created_at))
        await db.commit()
    assert await browser.call(found, CLAIMED) is None


async def test_a_link_that_was_not_asked_for_is_not_added(stage: Stage) -> None:
    """What came back from signing in must not become a link: somebody could have been led there with an account of the attacker."""
    browser = stage.browser()
    await signed_up(stage, browser)
    async with refused(links.NOT_ASKED):
        await browser.own(commit_add, CLAIMED._replace(why="sign_in"))


async def test_nobody_adds_a_link_for_somebody_else(stage: Stage) -> None:
    mira, eve = stage.browser(), stage.browser("198.51.100.9")
    await signed_up(stage, mira)
    await signed_up(stage, eve, "eve@mail.example")
    person = await stage.person()
    async with refused(links.NOT_ASKED):
        await eve.call(commit_add, person, CLAIMED)


async def test_a_link_needs_a_fresh_sign_in(stage: Stage) -> None:
    browser = stage.browser()
    await signed_up(stage, browser)
    await browser.own(commit_add, CLAIMED)
    link = (await listed(browser))[0]
    stage.clock.move(601)
    async with refused(fresh.NOT_FRESH):
        await browser.own(commit_add, CLAIMED._replace(subject="subject-2"))
    async with refused(fresh.NOT_FRESH):
        await browser.own(commit_remove, link.id)


async def test_signing_in_by_a_link_is_not_fresh(stage: Stage) -> None:
    """GHSA-w2j7-f3c6-g8cw, GHSA-97r5-pg8x-p63p: another provider's word opens the account, and not its locks."""
    browser, other = stage.browser(), stage.browser("198.51.100.9")
    await signed_up(stage, browser)
    await browser.own(commit_add, CLAIMED)
    stage.clock.move(1)
    await other.call(signin.with_claimed, CLAIMED._replace(why="sign_in"))
    async with refused(fresh.NOT_FRESH):
        await other.own(commit_add, CLAIMED._replace(subject="subject-2"))


async def test_no_link_waits_for_the_owner_of_an_address(stage: Stage) -> None:
    """Pre-hijacking: what is added before the address is confirmed would let its adder in afterwards."""
    browser = stage.browser()
    await signed_up(stage, browser)
    async with stage.accounts.database() as db:
        await db.execute(update(Person).values(email_verified_at=None))
        await db.commit()
    async with refused(factors.UNCONFIRMED):
        await browser.own(commit_add, CLAIMED)


async def test_an_account_elsewhere_belongs_to_one_person(stage: Stage) -> None:
    mira, eve = stage.browser(), stage.browser("198.51.100.9")
    await signed_up(stage, mira)
    await signed_up(stage, eve, "eve@mail.example")
    await mira.own(commit_add, CLAIMED)
    async with refused(links.TAKEN):
        await eve.own(commit_add, CLAIMED)
    await mira.own(commit_add, CLAIMED)  # who has it, has it
    assert len(await listed(mira)) == 1
    assert await mira.call(found, CLAIMED) == EMAIL


async def test_of_two_people_at_once_one_gets_it(stage: Stage) -> None:
    """The database decides where both saw that it was free."""
    mira, eve = stage.browser(), stage.browser("198.51.100.9")
    await signed_up(stage, mira)
    await signed_up(stage, eve, "eve@mail.example")
    looked = asyncio.Barrier(2)

    async def add(visit: Visit, person: Person) -> None:
        scalar = visit.db.scalar

        async def look(*given: Any) -> Any:
            seen = await scalar(*given)
            await looked.wait()
            return seen

        visit.db.scalar = look  # type: ignore[method-assign,assignment]  # both look before either writes
        link = await links.first(visit, person, CLAIMED)
        await visit.commit()
        assert link.person_id == person.id

    outcomes = await asyncio.gather(mira.own(add), eve.own(add), return_exceptions=True)
    lost = [outcome for outcome in outcomes if outcome is not None]
    assert [type(error) for error in lost] == [AccountError]
    assert outcomes.count(None) == 1


async def test_there_is_an_end_of_links(stage: Stage) -> None:
    browser = stage.browser()
    await signed_up(stage, browser)
    for number in range(links.MAX_LINKS):
        await browser.own(commit_add, CLAIMED._replace(subject=f"subject-{number}"))
    async with refused(factors.TOO_MANY):
        await browser.own(commit_add, CLAIMED._replace(subject="one-more"))


async def test_the_last_way_to_sign_in_stays(stage: Stage) -> None:
    browser = stage.browser()
    await signed_up(stage, browser)
    await browser.own(commit_add, CLAIMED)
    async with stage.accounts.database() as db:
        await db.execute(update(Person).values(password_hash=None))
        await db.commit()
    link = (await listed(browser))[0]
    async with refused(factors.LAST_FACTOR):
        await browser.own(commit_remove, link.id)
    await browser.own(commit_add, CLAIMED._replace(subject="subject-2"))
    await browser.own(commit_remove, link.id)
    assert [item.subject for item in await listed(browser)] == ["subject-2"]


async def test_only_ones_own_link_is_removed(stage: Stage) -> None:
    mira, eve = stage.browser(), stage.browser("198.51.100.9")
    await signed_up(stage, mira)
    await signed_up(stage, eve, "eve@mail.example")
    await mira.own(commit_add, CLAIMED)
    link = (await listed(mira))[0]
    for link_id in (link.id, uuid4()):
        async with refused(factors.GONE):
            await eve.own(commit_remove, link_id)
    assert len(await listed(mira)) == 1


async def test_other_devices_are_signed_out(stage: Stage) -> None:
    browser, other = stage.browser(), stage.browser("198.51.100.9")
    await signed_up(stage, browser)
    await sign_in(other)

    async def person(visit: Visit) -> str | None:
        return visit.session.person

    assert await other.do(person) is not None
    stage.clock.move(1)
    await browser.own(commit_add, CLAIMED)
    assert await other.do(person) is None
    assert await browser.do(person) is not None


async def test_a_link_to_a_provider_that_is_no_longer_offered(stage: Stage) -> None:
    """It is told by its name, may be removed, and counts as no way in."""
    browser = stage.browser()
    await signed_up(stage, browser)
    await browser.own(commit_add, CLAIMED._replace(provider="old"))
    await browser.own(commit_remove, (await listed(browser))[0].id)
    assert "old" in str((await stage.letters("link_removed"))[0])


async def test_somebody_new_is_made_of_a_confirmed_address_alone(stage: Stage) -> None:
    """GHSA-g38m-r43w-p2q7: an address that the provider has not confirmed makes no account."""
    browser = stage.browser()
    claimed = CLAIMED._replace(why="sign_in")
    assert await browser.call(signin.with_claimed, claimed) is None
    with pytest.raises(AccountError):
        await browser.call(signup.with_claimed, claimed._replace(email_verified=False), {})
    await browser.call(signup.with_claimed, claimed, {})
    assert await browser.call(found, CLAIMED) == EMAIL
    assert await stage.letters("link") == [], "who is made of a link need not be told of it"


async def test_a_provider_is_found_by_its_name(stage: Stage) -> None:
    assert await stage.browser().call(_named, "idp") is IDP


async def _named(visit: Visit, name: str) -> Provider:
    return named(visit, name)
