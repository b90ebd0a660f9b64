"""Attacks that send letters: to others, and without an end."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import httpx
import pytest

from buckler import off
from buckler.accounts import email, reset
from buckler.accounts.problems import AccountError
from buckler.accounts.throttle import TOO_MANY
from buckler.protections.hosts import Hosts
from tests.accounts.flows import sign_in, signed_up
from tests.accounts.owner import refused
from tests.accounts.stage import EMAIL, OTHER, stage_at

if TYPE_CHECKING:
    from pathlib import Path

    from buckler.core.protection import Protection
    from buckler.guard.plan import Off
    from tests.accounts.stage import Stage

pytestmark = pytest.mark.asyncio
VICTIM = "victim@mail.example"


async def test_who_has_an_account_floods_nobody_elses_mailbox(stage: Stage) -> None:
    """Each sign-in used to make the browser a new one, whose quota of letters was whole."""
    browser = stage.browser()
    await signed_up(stage, browser)
    with suppress(AccountError):
        for _ in range(20):
            await sign_in(browser)
            for _ in range(5):
                with suppress(AccountError):
                    await browser.own(email.begin, VICTIM)
    assert len([letter for letter in await stage.letters() if letter["To"] == VICTIM]) == 5


async def test_several_accounts_flood_it_no_faster_than_one(stage: Stage) -> None:
    first, second = stage.browser(), stage.browser("198.51.100.9")
    await signed_up(stage, first)
    await signed_up(stage, second, "ada@mail.example", OTHER)
    for _ in range(5):
        await first.own(email.begin, VICTIM)
    await refused(TOO_MANY, second.own(email.begin, VICTIM))


async def test_signing_in_again_and_again_is_no_way_around_the_quota_of_a_known_browser(stage: Stage) -> None:
    """It would keep busy those who hash passwords: a known browser is not held to the quota of its address."""
    browser = stage.browser()
    await signed_up(stage, browser)
    for _ in range(10):
        await sign_in(browser)
    with pytest.raises(AccountError) as caught:
        await sign_in(browser)
    assert caught.value.problem is TOO_MANY


@pytest.mark.parametrize("hosts", [Hosts(report_only=True), off(Hosts, because="a proxy asks")])
async def test_no_link_leads_to_the_host_that_a_stranger_named(stage: Stage, hosts: Protection | Off) -> None:
    """CVE-2016-9014, CVE-2021-33203 and their kin: whoever asks for somebody's new password must not choose where its link leads."""
    await signed_up(stage, stage.browser())
    before = len(await stage.letters())
    stage.guard = stage.guard.variant(hosts)
    stranger = stage.browser("198.51.100.9")
    for host in ("evil.example", "shop.example.evil.example", "evilshop.example"):
        stranger.client.base_url = httpx.URL(f"https://{host}")
        with pytest.raises(RuntimeError, match=r"Accounts\.origin"):
            await stranger.call(reset.begin, EMAIL)
    assert len(await stage.letters()) == before
    stranger.client.base_url = httpx.URL("https://shop.example")
    await stranger.call(reset.begin, EMAIL)
    assert await stage.token()


async def test_an_origin_that_was_given_needs_no_host(tmp_path: Path) -> None:
    async with stage_at(tmp_path, origin="https://shop.example") as stage:
        stage.guard = stage.guard.variant(off(Hosts, because="a proxy asks"))
        browser = stage.browser()
        browser.client.base_url = httpx.URL("https://evil.example")
        await signed_up(stage, browser)
        part = (await stage.letters())[-1].get_body(("plain",))
        assert part is not None
        assert "https://shop.example/account/verify?token=" in part.get_content()


async def test_sub_domains_that_are_the_sites_own_have_links_too(stage: Stage) -> None:
    stage.guard = stage.guard.variant(Hosts(report_only=True), hosts=["*.shop.example"])
    browser = stage.browser()
    browser.client.base_url = httpx.URL("https://books.shop.example")
    await signed_up(stage, browser)
    browser.client.base_url = httpx.URL("https://evilshop.example")
    with pytest.raises(RuntimeError):
        await browser.call(reset.begin, EMAIL)
