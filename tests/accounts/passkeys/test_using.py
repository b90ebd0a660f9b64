from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from buckler.accounts import passkeys
from buckler.accounts.passkeys.ceremony import REFUSED
from buckler.accounts.passkeys.challenges import EXPIRED
from buckler.accounts.passkeys.using import NONE
from buckler.accounts.problems import AccountError
from buckler.accounts.tables import Passkey
from tests.accounts import owner
from tests.accounts.authenticator import Authenticator, Lies, text
from tests.accounts.owner import MIRA, NOOR, refused
from tests.accounts.passkeys.keys import proved, signed_in, with_key

if TYPE_CHECKING:
    from tests.accounts.stage import Stage

LIES = {
    "another origin": Lies(origin="https://shop.example.evil.example"),
    "a sister domain": Lies(origin="https://blog.shop.example"),
    "another site": Lies(rp_id="evil.example"),
    "another challenge": Lies(challenge=bytes(32)),
    "the other kind": Lies(kind="webauthn.create"),
    "nobody present": Lies(present=False),
    "nobody verified": Lies(verified=False),
    "another person": Lies(user=b"somebody else's id"),
    "no person": Lies(no_user=True),
    "suddenly eligible": Lies(eligible=True),
    "backed up and not eligible": Lies(backed_up=True),
    "a wrong signature": Lies(signature=b"\x30\x06\x02\x01\x01\x02\x01\x01"),
    "no signature": Lies(signature=b""),
    "another key's name": Lies(credential_id=b"another name of it"),
    "in a frame": Lies(client={"crossOrigin": True}),
    "in another site's frame": Lies(client={"topOrigin": "https://evil.example"}),
}


@pytest.mark.parametrize("lies", LIES.values(), ids=LIES)
async def test_a_passkey_that_lies_signs_nobody_in(stage: Stage, lies: Lies) -> None:
    browser = stage.browser()
    await owner.enter(browser)
    device = await with_key(browser)
    stage.events()
    error = await refused(EXPIRED if lies.challenge else REFUSED, signed_in(stage.browser(), device, lies=lies))
    assert "evil" not in f"{error} {error.title} {error.fix}"
    assert lies.challenge or "account.passkey_refused" in stage.events()
    await signed_in(stage.browser(), device)


async def test_signing_in_asks_for_any_passkey_of_this_site(stage: Stage) -> None:
    options = await stage.browser().call(passkeys.options_to_sign_in)
    assert (options["rpId"], options["allowCredentials"], options["userVerification"]) == ("shop.example", [], "required")


async def test_the_newest_of_several_passkeys_signs_in_and_each_is_its_own(anywhere: Stage) -> None:
    stage, browser = anywhere, anywhere.browser()
    await owner.enter(browser)
    ring = await with_key(browser, name="ring")
    phone = await with_key(browser, name="phone")
    for device, name in ((ring, "ring"), (phone, "phone")):
        _, key = await signed_in(stage.browser(), device)
        assert (key.name, key.sign_count, key.used_at.timestamp()) == (name, 1, stage.clock.now())


async def test_a_security_key_signs_nobody_in(stage: Stage) -> None:
    """Whoever holds it has not shown that it is theirs."""
    browser = stage.browser()
    await owner.enter(browser)
    device = await with_key(browser, passkey=False)
    options = await stage.browser().call(passkeys.options_to_sign_in)
    with pytest.raises(ValueError, match="NotAllowedError"):
        device.get(options)
    stranger = stage.browser()
    options = await stranger.call(passkeys.options_to_sign_in)
    told = Lies(user=device.keys[0].user)
    await refused(REFUSED, stranger.call(passkeys.check_sign_in, device.get(options, told, key=device.keys[0])))


async def test_a_key_that_nobody_has_signs_nobody_in(stage: Stage) -> None:
    browser = stage.browser()
    await owner.enter(browser)
    device = await with_key(browser)
    (shown,) = await browser.own(passkeys.listed)
    await browser.own(passkeys.remove, shown.id)
    await refused(REFUSED, signed_in(stage.browser(), device))


async def test_somebody_disabled_does_not_sign_in(stage: Stage) -> None:
    browser = stage.browser()
    await owner.enter(browser)
    device = await with_key(browser)
    await owner.change(stage, MIRA, disabled_at=(await stage.person()).created_at)
    await refused(REFUSED, signed_in(stage.browser(), device))


async def test_an_answer_counts_in_the_browser_that_asked(stage: Stage) -> None:
    """Sign-in forgery: an attacker answers with their own key, and has somebody else's browser hand the answer in."""
    browser, theirs = stage.browser(), stage.browser()
    await owner.enter(browser)
    device = await with_key(browser)
    response = device.get(await browser.call(passkeys.options_to_sign_in))
    await refused(EXPIRED, theirs.call(passkeys.check_sign_in, response))
    response = device.get(await browser.call(passkeys.options_to_sign_in))
    await theirs.call(passkeys.options_to_sign_in)
    await refused(EXPIRED, theirs.call(passkeys.check_sign_in, response))


async def test_two_tabs_of_one_browser_do_not_disturb_each_other(stage: Stage) -> None:
    browser = stage.browser()
    await owner.enter(browser)
    device = await with_key(browser)
    one, two = await browser.call(passkeys.options_to_sign_in), await browser.call(passkeys.options_to_sign_in)
    await browser.call(passkeys.check_sign_in, device.get(one))
    await browser.call(passkeys.check_sign_in, device.get(two))


async def test_an_answer_signs_in_once(stage: Stage) -> None:
    browser = stage.browser()
    await owner.enter(browser)
    device = await with_key(browser, Authenticator(counts=False))
    response = device.get(await browser.call(passkeys.options_to_sign_in))
    await browser.call(passkeys.check_sign_in, response)
    await refused(EXPIRED, browser.call(passkeys.check_sign_in, response))


async def test_of_twenty_that_show_one_answer_at_once_one_signs_in(anywhere: Stage) -> None:
    browser = anywhere.browser()
    await owner.enter(browser)
    device = await with_key(browser, Authenticator(counts=False))
    response = device.get(await browser.call(passkeys.options_to_sign_in))
    ends = await asyncio.gather(*(browser.call(passkeys.check_sign_in, response) for _ in range(20)), return_exceptions=True)
    assert sum(isinstance(end, tuple) for end in ends) == 1
    assert {end.problem for end in ends if isinstance(end, AccountError)} == {EXPIRED}


async def test_a_counter_that_does_not_move_is_a_copied_key(anywhere: Stage) -> None:
    stage, browser = anywhere, anywhere.browser()
    await owner.enter(browser)
    device = await with_key(browser, name="ring")
    await signed_in(stage.browser(), device)
    await signed_in(stage.browser(), device)
    stage.events()
    for count in (2, 1, 0):
        await refused(REFUSED, signed_in(stage.browser(), device, lies=Lies(count=count)))
    assert stage.events().count("account.passkey_copied") == 3
    assert (await stage.log()).count("passkey_copied") == 3, "written down although the sign-in failed"
    await signed_in(stage.browser(), device, lies=Lies(count=2**32 - 1))


async def test_a_passkey_that_does_not_count_is_used_again_and_again(anywhere: Stage) -> None:
    browser = anywhere.browser()
    await owner.enter(browser)
    device = await with_key(browser, Authenticator(counts=False, synced=True))
    for _ in range(3):
        _, key = await signed_in(anywhere.browser(), device)
        assert (key.sign_count, key.backed_up) == (0, True)
    _, key = await signed_in(anywhere.browser(), device, lies=Lies(backed_up=False))
    assert (key.backup_eligible, key.backed_up) == (True, False)


# ---- after a password, and to prove oneself anew


async def test_any_key_follows_a_password_and_only_a_passkey_proves_anew(stage: Stage) -> None:
    browser = stage.browser()
    await owner.enter(browser)
    ring = await with_key(browser, passkey=False, name="ring")
    await refused(NONE, owner.of(browser, passkeys.options_to_check, MIRA, "fresh"))
    phone = await with_key(browser, name="phone")
    options = await owner.of(browser, passkeys.options_to_check, MIRA, "second")
    assert {item["id"] for item in options["allowCredentials"]} == {text(device.keys[0].credential_id) for device in (ring, phone)}
    assert options["userVerification"] == "discouraged"
    options = await owner.of(browser, passkeys.options_to_check, MIRA, "fresh")
    assert [item["id"] for item in options["allowCredentials"]] == [text(phone.keys[0].credential_id)]
    assert options["userVerification"] == "required"
    assert (await proved(browser, ring)).name == "ring"
    assert (await proved(browser, phone)).name == "phone"
    assert (await proved(browser, phone, "fresh")).name == "phone"
    options = await owner.of(browser, passkeys.options_to_check, MIRA, "fresh")
    await refused(REFUSED, owner.of(browser, passkeys.check, MIRA, "fresh", ring.get(options, key=ring.keys[0])))
    await refused(REFUSED, proved(browser, phone, "fresh", lies=Lies(verified=False)))


async def test_a_second_factor_may_leave_out_whose_it_is_and_not_say_somebody_else(stage: Stage) -> None:
    browser = stage.browser()
    person_id = await owner.enter(browser)
    device = await with_key(browser, passkey=False)
    await proved(browser, device, lies=Lies(no_user=True))
    await proved(browser, device, lies=Lies(user=person_id.bytes))
    await refused(REFUSED, proved(browser, device, lies=Lies(user=b"somebody else's id")))


async def test_another_persons_key_is_no_second_factor(stage: Stage) -> None:
    mira, noor = stage.browser(), stage.browser()
    await owner.enter(mira)
    await owner.enter(noor, NOOR)
    await with_key(mira, passkey=False)
    theirs = await with_key(noor, passkey=False)
    options = await owner.of(mira, passkeys.options_to_check, MIRA, "second")
    await refused(REFUSED, owner.of(mira, passkeys.check, MIRA, "second", theirs.get(options, key=theirs.keys[0])))


async def test_an_answer_to_one_persons_challenge_is_no_answer_to_anothers(stage: Stage) -> None:
    browser = stage.browser()
    await owner.enter(browser)
    await with_key(browser)
    await owner.enter(browser, NOOR)
    device = await with_key(browser)
    options = await owner.of(browser, passkeys.options_to_check, MIRA, "second")
    await refused(EXPIRED, owner.of(browser, passkeys.check, NOOR, "second", device.get(options, key=device.keys[0])))


@pytest.mark.parametrize("made_for", ["second", "fresh"])
async def test_an_answer_is_for_its_purpose_and_once(stage: Stage, made_for: str) -> None:
    """GHSA-f66q-9rf6-8795: an answer that proved somebody anew could be handed in again, and skip the next proof."""
    browser = stage.browser()
    await owner.enter(browser)
    device = await with_key(browser, Authenticator(counts=False))
    other = "fresh" if made_for == "second" else "second"
    options = await owner.of(browser, passkeys.options_to_check, MIRA, made_for)
    response = device.get(options, Lies(verified=True))
    await refused(EXPIRED, owner.of(browser, passkeys.check, MIRA, other, response))
    await refused(EXPIRED, browser.call(passkeys.check_sign_in, response))
    await owner.of(browser, passkeys.check, MIRA, made_for, response)
    await refused(EXPIRED, owner.of(browser, passkeys.check, MIRA, made_for, response))


async def test_an_answer_for_signing_in_proves_nothing_else(stage: Stage) -> None:
    browser = stage.browser()
    await owner.enter(browser)
    device = await with_key(browser)
    response = device.get(await browser.call(passkeys.options_to_sign_in))
    for purpose in ("second", "fresh"):
        await refused(EXPIRED, owner.of(browser, passkeys.check, MIRA, purpose, response))
    found = await browser.call(passkeys.check_sign_in, response)
    assert isinstance(found[1], Passkey)


async def test_an_answer_that_comes_late_is_refused(stage: Stage) -> None:
    browser = stage.browser()
    await owner.enter(browser)
    device = await with_key(browser)
    options = await owner.of(browser, passkeys.options_to_check, MIRA, "second")
    stage.clock.move(301)
    await refused(EXPIRED, owner.of(browser, passkeys.check, MIRA, "second", device.get(options)))
