"""Who is found, and who is kept out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.accounts import people, signin
from buckler.accounts.signin import WRONG
from tests.accounts.flows import sign_in, signed_up
from tests.accounts.stage import EMAIL, PASSWORD
from tests.accounts.test_signin import refusal, who

if TYPE_CHECKING:
    from buckler.accounts.visit import Visit
    from tests.accounts.stage import Stage


async def test_nonsense_in_place_of_an_address_is_nobodys(anywhere: Stage) -> None:
    """PostgreSQL refuses a query with NUL in it: that would be an error of ours, with the query in the log."""
    for typed in ("\0", f"{EMAIL}\0", "\ud800@mail.example"):
        assert (await refusal(anywhere.browser(), signin.with_password, typed, PASSWORD)).problem is WRONG


async def test_somebody_disabled_is_nobody(stage: Stage) -> None:
    browser = stage.browser()
    await signed_up(stage, browser)

    async def disable(visit: Visit) -> None:
        person = await people.by_email(visit, EMAIL)
        assert person is not None
        await people.disable(visit, person)
        await visit.commit()

    async def enable(visit: Visit) -> None:
        person = await people.by_email(visit, EMAIL)
        assert person is not None
        await people.enable(visit, person)
        await visit.commit()

    await stage.browser().do(disable)
    assert await who(browser) is None  # and out of every session
    assert (await refusal(stage.browser(), signin.with_password, EMAIL, PASSWORD)).problem is WRONG
    await stage.browser().do(enable)
    await sign_in(stage.browser())
    assert await stage.log() == ["signed_up", "signed_in", "disabled", "enabled", "signed_in"]
