"""Authenticator apps, passkeys, security keys and recovery codes in the settings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from pyotp import TOTP
from sqlalchemy import update

from buckler.accounts.tables import Passkey, Person
from tests.accounts.authenticator import Authenticator
from tests.accounts.stage import EMAIL, PASSWORD

if TYPE_CHECKING:
    from buckler.accounts.visit import Visit
    from tests.frameworks.accounts.shop import Shop
    from tests.frameworks.accounts.window import Window

S = "/account/security"
OTHER = "noor@mail.example"


def seed(window: Window) -> str:
    """The secret that stands beside the QR code."""
    found = re.search(r'id="seed">([A-Z2-7 ]+)<', window.answer.text)
    assert found is not None
    return found[1].replace(" ", "")


async def begun(window: Window, name: str = "Phone") -> TOTP:
    await window.open(f"{S}/totp/new")
    await window.press("Continue", name=name)
    return TOTP(seed(window))


# ---- authenticator apps


async def test_an_app_is_added_renamed_and_removed(shop: Shop) -> None:
    window = await shop.signed_up(shop.window())
    app = await begun(window, "Phone")
    assert window.path.endswith("/scan")
    assert re.search(r'<svg [^>]*class="qr"', window.answer.text)
    assert f"otpauth://totp/Harbour%20Books:{EMAIL.replace('@', '%40')}" in window.answer.text
    await window.open(window.where)  # may be loaded again
    assert seed(window) == app.secret
    await window.press("Add the app", code="000000")
    assert (window.status, seed(window)) == (422, app.secret)
    assert window.page.inputs["code"]["aria-invalid"] == "true"
    assert window.page.inputs["code"]["value"] == ""
    await window.press("Add the app", code=shop.code(app))
    assert window.path == S
    assert "The authenticator app is added." in window.text
    await window.open(f"{S}/totp")
    assert "Phone" in window.text
    assert (await window.follow("Rename")).page.inputs["name"]["value"] == "Phone"
    await window.press("Save name", name=" Old\tphone ")
    assert "The new name is saved." in window.text
    assert "Old phone" in window.text
    await window.follow("Remove")
    assert "Remove “Old phone”?" in window.text
    assert (await window.follow("Keep it")).path == f"{S}/totp"
    await window.follow("Remove")
    await window.press("Remove")
    assert "“Old phone” is removed." in window.text
    assert "You have none yet." in window.text
    subjects = [letter["subject"] for letter in await shop.letters()]
    assert subjects[-2:] == ["A new way to sign in to Harbour Books", "A way to sign in to Harbour Books was removed"]


async def test_a_name_that_is_left_out_is_made_up(shop: Shop) -> None:
    window = await shop.signed_up(shop.window())
    app = await begun(window, "")
    await window.press("Add the app", code=shop.code(app))
    assert "Authenticator app\n" in (await window.open(f"{S}/totp")).text


async def test_a_secret_that_waited_too_long_is_gone(shop: Shop) -> None:
    window = await shop.signed_up(shop.window())
    app = await begun(window)
    scan = window.where
    shop.clock.move(600)
    await window.open("/account/confirm")
    await window.press("Confirm", password=PASSWORD)
    shop.clock.move(301)
    await window.open(scan)
    assert (window.status, "This QR code is no longer valid." in window.text) == (410, True)
    answer = await window.client.post(scan, data={"code": app.at(int(shop.clock.now()))})
    assert answer.status_code == 410


async def test_a_secret_is_shown_to_who_is_fresh_alone(shop: Shop) -> None:
    """Whoever finds an open browser neither reads a secret that waits, nor guesses its code to read it."""
    window = await shop.signed_up(shop.window())
    app = await begun(window)
    scan = window.where
    shop.clock.move(601)
    for answer in (await window.client.get(scan), await window.client.post(scan, data={"code": "000000"})):
        assert str(answer.url).endswith(f"/account/confirm?next={scan}")
        assert app.secret[:4] not in answer.text
    await window.open(scan)
    await window.press("Confirm", password=PASSWORD)
    assert (window.where, seed(window)) == (scan, app.secret)


async def test_an_app_of_somebody_else_is_nobodys(shop: Shop) -> None:
    window = await shop.signed_up(shop.window())
    app = await begun(window)
    scan = window.where
    other = await shop.signed_up(shop.window(), OTHER)
    answer = await other.client.post(scan, data={"code": app.at(int(shop.clock.now()))})
    assert (answer.status_code, app.secret[:4] in answer.text) == (410, False)
    await window.press("Add the app", code=shop.code(app))
    await window.open(f"{S}/totp")
    remove = window.page.links["Remove"]
    for path in (remove, remove.replace("remove", "rename")):
        for lost in (await other.client.get(path), await other.client.post(path, data={"name": "mine"})):
            assert (lost.status_code, "Phone" in lost.text) == (404, False)
    assert "Phone" in (await window.open(f"{S}/totp")).text


async def test_no_factor_before_the_address_is_confirmed(shop: Shop) -> None:
    window = await shop.signed_up(shop.window())
    app = await begun(window)
    scan = window.where

    async def unconfirmed(visit: Visit) -> None:
        await visit.db.execute(update(Person).values(email_verified_at=None))
        await visit.commit()

    await shop.act(unconfirmed)
    await window.open(f"{S}/totp/new")
    await window.press("Continue", name="Phone")
    assert (window.status, "Your e-mail address is not confirmed yet." in window.text) == (403, True)
    answer = await window.client.get(scan)
    assert (answer.status_code, app.secret[:4] in answer.text) == (403, False)
    await window.open(scan)
    assert "Your e-mail address is not confirmed yet." in window.text
    await window.client.post(scan, data={"code": "000000"})


# ---- passkeys and security keys


async def added(window: Window, key: Authenticator, kind: str, name: str) -> Window:
    await window.open(f"{S}/passkeys/new-{kind}")
    options = await window.ask(f"/account/passkey/new-{kind}")
    button = "Create passkey" if kind == "passkey" else "Continue with the key"
    return await window.press(button, name=name, passkey=key.create(options))


async def test_a_passkey_is_added_named_used_and_removed(shop: Shop) -> None:
    window, key = await shop.signed_up(shop.window()), Authenticator(synced=True)
    await added(window, key, "passkey", "Laptop")
    assert window.path == S
    assert "The passkey “Laptop” is added." in window.text
    await window.open(f"{S}/passkeys")
    assert "Passkey. Kept on more than one device." in window.text
    await window.follow("Rename")
    await window.press("Save name", name="")
    assert "Passkey\n" in window.text

    shop.clock.move(1)
    other = await shop.window().open("/account/sign-in")
    await other.press("Sign in with a passkey", passkey=key.get(await other.ask("/account/passkey/sign-in")))
    assert other.text == "Signed in\n"
    await other.open(f"{S}/passkeys")
    await other.follow("Remove")
    await other.press("Remove")
    assert "“Passkey” is removed." in other.text
    await window.open(S)
    assert window.path == "/account/sign-in"  # the other session ended


async def test_a_security_key_follows_the_password(shop: Shop) -> None:
    window, key = await shop.signed_up(shop.window()), Authenticator(verifies=False)
    await added(window, key, "key", "Key ring")
    assert "The security key “Key ring” is added." in window.text
    assert "Security key, after a password." in (await window.open(f"{S}/passkeys")).text
    shop.clock.move(1)
    other = await shop.sign_in(shop.window())
    assert other.path == "/account/sign-in/second"
    await other.press("Use passkey or security key", passkey=key.get(await other.ask("/account/passkey/second")))
    assert other.text == "Signed in\n"


@pytest.mark.parametrize("kind", ["passkey", "key"])
async def test_an_answer_that_is_none_is_said_so(shop: Shop, kind: str) -> None:
    window = await shop.signed_up(shop.window())
    await window.open(f"{S}/passkeys/new-{kind}")
    button = "Create passkey" if kind == "passkey" else "Continue with the key"
    await window.press(button, name="Laptop", passkey="{}")
    assert (window.status, "This passkey was not accepted." in window.text) == (401, True)
    assert window.page.inputs["name"]["value"] == "Laptop"
    assert window.page.inputs["passkey"]["value"] == ""


async def test_the_script_is_told_what_is_missing(shop: Shop) -> None:
    window = await shop.signed_up(shop.window())
    shop.clock.move(601)
    assert (await window.ask("/account/passkey/new-passkey"))["code"] == "account.not_fresh"
    assert (await shop.window().ask("/account/passkey/new-key"))["code"] == "account.sign_in_needed"


async def test_nobody_removes_their_last_way_in(shop: Shop) -> None:
    window = await shop.signed_up(shop.window())
    await added(window, Authenticator(), "passkey", "Laptop")

    async def alone(visit: Visit) -> None:
        await visit.db.execute(update(Person).values(password_hash=None))
        await visit.db.execute(update(Passkey).values(name="<b>Only one</b>"))
        await visit.commit()

    await shop.act(alone)
    await window.open(f"{S}/passkeys")
    await window.follow("Remove")
    await window.press("Remove")
    assert window.status == 409
    assert "Without it you could no longer sign in. Add another passkey, a password or a linked account first." in " ".join(
        window.text.split()
    )
    assert "<b>Only one" not in window.answer.text


# ---- recovery codes


async def test_recovery_codes_are_shown_once(shop: Shop) -> None:
    window = await shop.signed_up(shop.window())
    await window.open(f"{S}/recovery")
    assert "You need them once you have" in window.text
    answer = await window.client.post(f"{S}/recovery")
    assert (answer.status_code, "There is no second factor yet." in answer.text) == (409, True)
    app = await begun(window)
    await window.press("Add the app", code=shop.code(app))
    await window.open(f"{S}/recovery")
    assert "You have none." in window.text
    await window.press("Make new codes")
    codes = re.findall(r"<li>([0-9A-Z-]{29})</li>", window.answer.text)
    assert len(codes) == 10
    assert window.answer.headers["cache-control"] == "no-store"
    await window.open(f"{S}/recovery")
    assert "10 are left." in window.text
    assert "New codes take the place of the old ones" in window.text
    assert codes[0] not in window.answer.text

    shop.clock.move(1)
    other = await shop.sign_in(shop.window())
    await other.press("Continue with recovery code", recovery=codes[0])
    assert other.text == "Signed in\n"
    assert "9 are left." in (await other.open(S)).text
