"""Signing in: one text for everything that is wrong, and a second factor that nothing gets round."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import update

from buckler.accounts import browsers, passkeys, people, recovery, signin
from buckler.accounts.problems import AccountError
from buckler.accounts.proof import SignedIn, prove
from buckler.accounts.signin import HALF_GONE, UNVERIFIED, WRONG, WRONG_FACTOR, Half
from buckler.accounts.tables import Person
from tests.accounts.authenticator import Authenticator
from tests.accounts.flows import code_of, sign_in, signed_up, with_totp
from tests.accounts.stage import EMAIL, OTHER, PASSWORD

if TYPE_CHECKING:
    from buckler.accounts.visit import Visit
    from tests.accounts.stage import Browser, Stage


async def refusal(browser: Browser, *given: Any, **named: Any) -> AccountError:
    with pytest.raises(AccountError) as refused:
        await browser.call(*given, **named)
    return refused.value


async def who(browser: Browser) -> str | None:
    async def person(visit: Visit) -> str | None:
        return visit.session.person

    return await browser.do(person)


async def _change(stage: Stage, **values: Any) -> None:
    async with stage.accounts.database() as db:
        await db.execute(update(Person).values(**values))
        await db.commit()


async def test_the_right_password_signs_in_and_another_spelling_of_the_address_does_too(stage: Stage) -> None:
    await signed_up(stage, stage.browser())
    for email in (EMAIL, EMAIL.upper(), " \uff4d\uff49\uff52\uff41@mail.example"):
        browser = stage.browser()
        proof = await sign_in(browser, email)
        assert await who(browser) == str(proof.person_id)
        assert proof.how == "session"
        assert proof.fresh_s == 0


@pytest.mark.parametrize(
    ("email", "password"),
    [
        (EMAIL, OTHER),
        (EMAIL, ""),
        (EMAIL, "x" * 5000),
        ("nobody@mail.example", PASSWORD),
        ("no address", PASSWORD),
        ("", ""),
        (EMAIL, "\udcff"),
    ],
)
async def test_everything_wrong_is_said_alike(stage: Stage, email: str, password: str) -> None:
    await signed_up(stage, stage.browser())
    stage.events()
    browser = stage.browser()
    refused = await refusal(browser, signin.with_password, email, password)
    assert (refused.problem, refused.field, refused.values) == (WRONG, "", {})
    assert await who(browser) is None
    assert stage.events() == ["account.sign_in_failed"]
    assert await stage.log() == ["signed_up", "signed_in"]  # a failure writes no row: it would take longer for those who exist


async def test_an_address_that_is_not_confirmed_gets_the_mail_again_once_the_password_is_right(stage: Stage) -> None:
    await signed_up(stage, stage.browser())
    await _change(stage, email_verified_at=None)
    before = len(await stage.letters())
    assert (await refusal(stage.browser(), signin.with_password, EMAIL, OTHER)).problem is WRONG
    assert len(await stage.letters()) == before
    assert (await refusal(stage.browser(), signin.with_password, EMAIL, PASSWORD)).problem is UNVERIFIED
    assert len(await stage.letters()) == before + 1


async def test_a_hash_that_is_out_of_date_is_made_anew(stage: Stage) -> None:
    await signed_up(stage, stage.browser())
    raw = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), b"saltsaltsalt", 1000)
    await _change(stage, password_hash=f"pbkdf2_sha256$1000$saltsaltsalt${base64.b64encode(raw).decode()}")
    await sign_in(stage.browser())
    assert ((await stage.person()).password_hash or "").startswith("$argon2id$")
    await sign_in(stage.browser())


async def test_a_second_factor_is_asked_for_and_nobody_is_signed_in_before(stage: Stage) -> None:
    owner = stage.browser()
    await signed_up(stage, owner)
    app = await with_totp(owner)
    browser = stage.browser()
    half = await browser.call(signin.with_password, EMAIL, PASSWORD)
    assert isinstance(half, Half)
    assert half.ways == ["totp"]
    assert await who(browser) is None
    assert (await refusal(browser, signin.second, "totp", "000000")).problem is WRONG_FACTOR
    proof = await browser.call(signin.second, "totp", code_of(browser, app))
    assert await who(browser) == str(proof.person_id)
    assert await browser.call(signin.half) is None
    assert (await refusal(browser, signin.second, "totp", code_of(browser, app))).problem is HALF_GONE


async def test_a_code_that_was_used_is_used_up(stage: Stage) -> None:
    """django-allauth 0.61: a code that was seen over a shoulder."""
    owner = stage.browser()
    await signed_up(stage, owner)
    app = await with_totp(owner)
    code = code_of(owner, app)
    one, two = stage.browser(), stage.browser()
    for browser in (one, two):
        await browser.call(signin.with_password, EMAIL, PASSWORD)
    await one.call(signin.second, "totp", code)
    assert (await refusal(two, signin.second, "totp", code)).problem is WRONG_FACTOR


async def test_a_half_sign_in_ends_with_signing_out(stage: Stage) -> None:
    """django-allauth 64.1: it was kept, and finished by whoever sat there next."""
    owner = stage.browser()
    await signed_up(stage, owner)
    app = await with_totp(owner)
    browser = stage.browser()
    await browser.call(signin.with_password, EMAIL, PASSWORD)
    await browser.call(signin.out)
    assert (await refusal(browser, signin.second, "totp", code_of(browser, app))).problem is HALF_GONE


async def test_a_half_sign_in_ends_by_itself(stage: Stage) -> None:
    owner = stage.browser()
    await signed_up(stage, owner)
    app = await with_totp(owner)
    browser = stage.browser()
    await browser.call(signin.with_password, EMAIL, PASSWORD)
    stage.clock.move(600)
    assert (await refusal(browser, signin.second, "totp", code_of(browser, app))).problem is HALF_GONE


@pytest.mark.parametrize("changed", [False, True])
@pytest.mark.parametrize("before_s", [None, 0.0, 60.0])
async def test_a_half_sign_in_ends_with_the_password_that_began_it(stage: Stage, before_s: float | None, changed: bool) -> None:
    """It is in no list of sessions: what ends all of a person's does not reach it. `before_s`: how long before the password was set, None
    for one that came from elsewhere."""
    owner, browser = stage.browser(), stage.browser()
    await signed_up(stage, owner)
    app = await with_totp(owner)
    await _change(stage, password_changed_at=None if before_s is None else datetime.fromtimestamp(stage.clock.now() - before_s, UTC))
    await browser.call(signin.with_password, EMAIL, PASSWORD)
    if changed:
        await _change(stage, password_changed_at=datetime.fromtimestamp(stage.clock.now() + 1, UTC))
        assert (await refusal(browser, signin.second, "totp", code_of(browser, app))).problem is HALF_GONE
    else:
        assert isinstance(await browser.call(signin.second, "totp", code_of(browser, app)), SignedIn)


async def test_a_half_sign_in_without_a_password_any_more(stage: Stage) -> None:
    owner, browser = stage.browser(), stage.browser()
    await signed_up(stage, owner)
    app = await with_totp(owner)
    await browser.call(signin.with_password, EMAIL, PASSWORD)
    await _change(stage, password_hash=None)
    assert (await refusal(browser, signin.second, "totp", code_of(browser, app))).problem is HALF_GONE


async def test_a_half_sign_in_of_another_person_takes_the_place_of_the_first_one(stage: Stage) -> None:
    owner = stage.browser()
    await signed_up(stage, owner)
    app = await with_totp(owner)
    await signed_up(stage, stage.browser(), "ada@mail.example", OTHER)
    browser = stage.browser()
    await sign_in(browser, "ada@mail.example", OTHER)
    await browser.call(signin.with_password, EMAIL, PASSWORD)
    assert await who(browser) is None  # Ada is signed out: what is shown next belongs to nobody
    await browser.call(signin.second, "totp", code_of(browser, app))
    assert await who(browser) == str((await stage.person()).id)


@pytest.mark.parametrize("way", ["password", "", "code", "provider"])
async def test_what_is_no_second_factor_is_none(stage: Stage, way: str) -> None:
    owner = stage.browser()
    await signed_up(stage, owner)
    await with_totp(owner)
    browser = stage.browser()
    await browser.call(signin.with_password, EMAIL, PASSWORD)
    assert (await refusal(browser, signin.second, way, PASSWORD)).problem is WRONG_FACTOR
    assert (await refusal(browser, signin.second, "totp", {"code": "1"})).problem is WRONG_FACTOR


async def test_a_recovery_code_works_once(stage: Stage) -> None:
    owner = stage.browser()
    await signed_up(stage, owner)
    await with_totp(owner)
    codes = await owner.own(recovery.make)
    browser = stage.browser()
    half = await browser.call(signin.with_password, EMAIL, PASSWORD)
    assert isinstance(half, Half)
    assert half.ways == ["totp", "recovery"]
    assert isinstance(await browser.call(signin.second, "recovery", codes[0].lower()), SignedIn)
    await browser.call(signin.with_password, EMAIL, PASSWORD)
    assert (await refusal(browser, signin.second, "recovery", codes[0])).problem is WRONG_FACTOR


async def test_a_key_is_a_second_factor_and_a_passkey_both_at_once(stage: Stage) -> None:
    owner, device = stage.browser(), Authenticator()
    await signed_up(stage, owner)
    await owner.own(passkeys.add, device.create(await owner.own(passkeys.options_to_add)), "Key")
    browser = stage.browser()
    half = await browser.call(signin.with_password, EMAIL, PASSWORD)
    assert isinstance(half, Half)
    assert half.ways == ["passkey"]

    async def options(visit: Visit) -> dict[str, Any]:
        _, person = await signin.half_person(visit)
        return await passkeys.options_to_check(visit, person, "second")

    await browser.call(signin.second, "passkey", device.get(await browser.do(options)))
    other = stage.browser()
    await other.call(signin.with_passkey, device.get(await other.call(passkeys.options_to_sign_in)))
    assert await who(other) == await who(browser)


async def test_a_trusted_browser_is_asked_for_the_password_alone_and_is_not_fresh(stage: Stage) -> None:
    owner = stage.browser()
    await signed_up(stage, owner)
    app = await with_totp(owner)
    browser = stage.browser()
    await browser.call(signin.with_password, EMAIL, PASSWORD)
    await browser.call(signin.second, "totp", code_of(browser, app), trust=True)
    await browser.call(signin.out)
    await sign_in(browser)
    with pytest.raises(AccountError, match="not_fresh"):
        await browser.own(recovery.make)
    await owner.own(browsers.forget_all)  # not committed: nothing happens
    await browser.call(signin.out)
    await sign_in(browser)
    assert isinstance(await stage.browser().call(signin.with_password, EMAIL, PASSWORD), Half)


async def test_signing_out_is_written_down_for_those_who_were_in(stage: Stage) -> None:
    browser = stage.browser()
    await browser.call(signin.out)
    await signed_up(stage, browser)
    await browser.call(signin.out)
    assert await stage.log() == ["signed_up", "signed_in", "signed_out"]
    assert await who(browser) is None


async def test_a_session_from_before_accounts_is_nobodys(stage: Stage) -> None:
    browser = stage.browser()

    async def strange(visit: Visit) -> None:
        visit.session.sign_in("mira")

    await browser.do(strange)
    assert await browser.call(people.of_session) is None


async def test_nobody_makes_proof_but_a_verifier() -> None:
    with pytest.raises(TypeError, match="only a verifier"):
        SignedIn(object(), None, "session", 0.0, None, "")  # type: ignore[arg-type]  # as somebody might try
    person_id = uuid4()
    proof = prove(person_id, "session", scopes=frozenset({"read"}))
    assert proof.may_use("read")
    assert not proof.may_use("write")
    assert prove(person_id, "session").may_use("anything")
    assert str(person_id) not in repr(proof)
