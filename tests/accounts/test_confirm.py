"""Confirming that it is you: all that a sign-in would ask for, and nothing that somebody else vouched for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from buckler.accounts import codes, confirm, export, fresh, passkeys, password, signin, signup
from buckler.accounts.fresh import NOT_FRESH
from buckler.accounts.problems import AccountError
from buckler.accounts.providers import Claimed
from buckler.accounts.signin import WRONG_FACTOR
from tests.accounts.authenticator import Authenticator
from tests.accounts.flows import code_of, sign_in, signed_up, with_totp
from tests.accounts.stage import EMAIL, OTHER, PASSWORD

if TYPE_CHECKING:
    from buckler.accounts.visit import Visit
    from tests.accounts.stage import Browser, Stage


async def _is_fresh(browser: Browser) -> bool:
    async def ask(visit: Visit, person: Any) -> bool:
        return fresh.is_fresh(visit, person)

    return await browser.own(ask)


async def _wrong(browser: Browser, answers: dict[str, Any]) -> bool:
    try:
        await browser.own(confirm.confirm, answers)
    except AccountError as error:
        return error.problem is WRONG_FACTOR
    return False


async def test_a_sign_in_is_fresh_for_ten_minutes_and_again_after_the_password(stage: Stage) -> None:
    browser = stage.browser()
    await signed_up(stage, browser)
    assert await _is_fresh(browser)
    stage.clock.move(601)
    assert not await _is_fresh(browser)
    with pytest.raises(AccountError) as refused:
        await browser.own(export.of)
    assert refused.value.problem is NOT_FRESH
    assert await browser.own(confirm.ways) == [["password"]]
    assert await _wrong(browser, {"password": OTHER})
    assert await _wrong(browser, {})
    assert await _wrong(browser, {"code": "12345678"})
    assert not await _is_fresh(browser)
    await browser.own(confirm.confirm, {"password": PASSWORD, "totp": ""})
    assert await _is_fresh(browser)
    assert "confirmed" in await stage.log()


async def test_freshness_is_its_owners_alone(stage: Stage) -> None:
    """Somebody with a fresh session of their own is nobody else, whatever token they show beside it."""
    await signed_up(stage, stage.browser())
    mira = await stage.person()
    eve = stage.browser()
    await signed_up(stage, eve, "eve@mail.example", OTHER)

    async def act(visit: Visit) -> None:
        await password.change(visit, mira, "a password of the attacker's own", PASSWORD)

    with pytest.raises(AccountError, match="not_fresh"):
        await eve.do(act)
    await sign_in(stage.browser())


async def test_who_has_a_second_factor_shows_both(stage: Stage) -> None:
    browser = stage.browser()
    await signed_up(stage, browser)
    app = await with_totp(browser)
    stage.clock.move(601)
    assert await browser.own(confirm.ways) == [["password", "totp"]]
    assert await _wrong(browser, {"password": PASSWORD})
    assert await _wrong(browser, {"totp": code_of(browser, app)})
    assert await _wrong(browser, {"password": PASSWORD, "totp": "000000"})
    assert await _wrong(browser, {"password": {"a": 1}, "totp": code_of(browser, app)})
    await browser.own(confirm.confirm, {"password": PASSWORD, "totp": code_of(browser, app)})
    assert await _is_fresh(browser)


async def test_a_passkey_is_enough_and_its_answer_is_for_this_alone(stage: Stage) -> None:
    """GHSA-f66q-9rf6-8795: neither skipped nor used again, nor with what was meant for a sign-in."""
    browser, device = stage.browser(), Authenticator()
    await signed_up(stage, browser)
    await browser.own(passkeys.add, device.create(await browser.own(passkeys.options_to_add)), "Key")
    stage.clock.move(601)
    assert (await browser.own(confirm.ways))[0] == ["passkey"]
    for_sign_in = device.get(await browser.call(passkeys.options_to_sign_in))
    with pytest.raises(AccountError):
        await browser.own(confirm.confirm, {"passkey": for_sign_in})
    answer = device.get(await browser.own(passkeys.options_to_check, "fresh"))
    await browser.own(confirm.confirm, {"passkey": answer})
    assert await _is_fresh(browser)
    stage.clock.move(601)
    with pytest.raises(AccountError):
        await browser.own(confirm.confirm, {"passkey": answer})
    assert not await _is_fresh(browser)


async def test_another_provider_does_not_make_fresh_and_a_code_by_mail_does(stage: Stage) -> None:
    """GHSA-w2j7-f3c6-g8cw, GHSA-97r5-pg8x-p63p."""
    browser = stage.browser()
    claimed = Claimed(provider="acme", subject="7", email=EMAIL, email_verified=True, why="sign_in", back="/")
    await browser.call(signup.with_claimed, claimed, {})
    assert not await _is_fresh(browser)
    await browser.call(signin.with_claimed, claimed)
    assert not await _is_fresh(browser)
    assert await browser.own(confirm.ways) == [["code"]]
    assert await _wrong(browser, {"code": "00000000"})
    await browser.own(confirm.send_code)
    text = (await stage.letters())[-1].get_body(("plain",))
    assert text is not None
    digits = re.search(r"\b(\d{4}) (\d{4})\b", text.get_content())
    assert digits is not None
    assert await _wrong(browser, {"code": "00000000"})
    await browser.own(confirm.confirm, {"code": digits[0]})
    assert await _is_fresh(browser)
    assert await _wrong(browser, {"code": digits[0]})


async def test_no_code_is_sent_to_somebody_who_has_something_better(stage: Stage) -> None:
    browser = stage.browser()
    await signed_up(stage, browser)
    before = len(await stage.letters())
    await browser.own(confirm.send_code)
    assert len(await stage.letters()) == before


async def test_a_code_is_for_one_session_one_purpose_and_ten_minutes(stage: Stage) -> None:
    browser, other = stage.browser(), stage.browser()
    await signed_up(stage, browser)
    await sign_in(other)
    sent: list[str] = []

    async def send(visit: Visit, person: Any) -> None:
        visit.post = lambda _kind, _person, code: sent.append(code)  # type: ignore[method-assign,assignment,misc]  # the code, without the mail
        await codes.send(visit, person, "fresh")

    await browser.own(send)
    assert not await other.own(codes.spend, "fresh", sent[0])
    assert not await browser.own(codes.spend, "other", sent[0])
    assert not await browser.own(codes.spend, "fresh", "\udcff" * 8)
    assert await browser.own(codes.spend, "fresh", sent[0])
    assert not await browser.own(codes.spend, "fresh", sent[0])
    await browser.own(send)
    stage.clock.move(600)
    assert not await browser.own(codes.spend, "fresh", sent[1])
