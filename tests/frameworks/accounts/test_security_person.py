"""Password, address, data and the end of an account, in the settings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import update

from buckler.accounts.tables import Person
from tests.accounts.stage import EMAIL, OTHER, PASSWORD

if TYPE_CHECKING:
    from buckler.accounts.visit import Visit
    from tests.frameworks.accounts.shop import Shop

S = "/account/security"
NEW = "new@mail.example"


async def test_a_new_password_ends_all_other_sessions(shop: Shop) -> None:
    window = await shop.signed_up(shop.window())
    other = await shop.sign_in(shop.window())
    await window.open(f"{S}/password")
    assert window.page.title.startswith("Change your password")
    await window.press("Save password", current=OTHER, password=OTHER)
    assert (window.status, "The present password is wrong." in window.text) == (401, True)
    await window.press("Save password", current=PASSWORD, password="password12")
    assert window.status == 422
    assert "Strength: 1 of 4" in window.text
    assert "value" not in window.page.inputs["password"]
    await window.press("Save password", current=PASSWORD, password=OTHER)
    assert (window.path, "Your new password is saved." in window.text) == (S, True)
    assert (await other.open(S)).path == "/account/sign-in"
    shop.clock.move(1)
    assert (await shop.sign_in(shop.window(), password=PASSWORD)).status == 401
    assert (await shop.sign_in(shop.window(), password=OTHER)).text == "Signed in\n"
    assert (await shop.letters())[-1]["subject"] == "Your password at Harbour Books was changed"


async def test_a_first_password_is_chosen(shop: Shop) -> None:
    window = await shop.signed_up(shop.window())

    async def without(visit: Visit) -> None:
        await visit.db.execute(update(Person).values(password_hash=None))
        await visit.commit()

    await shop.act(without)
    await window.open(f"{S}/password")
    assert window.page.title.startswith("Choose a password")
    await window.press("Save password", password=EMAIL)  # one's own address
    assert (window.status, window.page.title.startswith("Error: Choose a password")) == (422, True)
    await window.press("Save password", password=OTHER)
    shop.clock.move(1)
    assert (await shop.sign_in(shop.window(), password=OTHER)).text == "Signed in\n"


async def test_a_new_address_counts_once_its_link_is_opened(shop: Shop) -> None:
    window = await shop.signed_up(shop.window())
    await window.open(f"{S}/email")
    await window.press("Send link", email="no address")
    assert (window.status, window.page.inputs["email"]["value"]) == (422, "no address")
    await window.press("Send link", email=NEW)
    assert f"We have sent a mail to {NEW}." in window.text
    assert EMAIL in (await window.open(S)).text
    await window.open(await shop.link())
    await window.press("Confirm my new address")
    assert (window.path, f"{NEW} is your address now." in window.text) == (S, True)


async def test_the_page_does_not_tell_whose_an_address_is(shop: Shop) -> None:
    await shop.signed_up(shop.window(), NEW)
    window = await shop.signed_up(shop.window())
    await window.open(f"{S}/email")
    await window.press("Send link", email=NEW)
    assert f"We have sent a mail to {NEW}." in window.text
    letter = (await shop.letters())[-1]
    assert (letter["to"], letter["subject"]) == (NEW, "You already have an account at Harbour Books")


async def test_an_address_that_was_never_confirmed_gets_its_link(shop: Shop) -> None:
    window = await shop.signed_up(shop.window())

    async def unconfirmed(visit: Visit) -> None:
        await visit.db.execute(update(Person).values(email_verified_at=None))
        await visit.commit()

    await shop.act(unconfirmed)
    await window.open(S)
    await window.follow("E-mail address")
    await window.press("Send link")
    assert f"We have sent a mail to {EMAIL}." in window.text
    await window.open(await shop.link())
    await window.press("Confirm my address", password=PASSWORD)
    await window.open(S)
    assert "not confirmed" not in window.text
    await window.open(f"{S}/email/confirm")
    for _ in range(30):  # more often than anybody needs
        answer = await window.client.post(f"{S}/email/confirm")
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0


async def test_everything_that_is_kept_is_downloaded(shop: Shop) -> None:
    window = await shop.signed_up(shop.window())
    await shop.with_totp(window)
    await window.open(f"{S}/data")
    await window.press("Download")
    headers = window.answer.headers
    assert headers["content-disposition"] == 'attachment; filename="account.json"'
    assert (headers["content-type"], headers["cache-control"]) == ("application/json", "no-store")
    found = window.answer.json()
    assert found["account"]["email"] == EMAIL
    assert [one["name"] for one in found["authenticators"]] == ["Authenticator app"]
    assert "seed" not in window.answer.text
    assert "All data was downloaded" in (await window.open(f"{S}/activity")).text


async def test_an_account_is_deleted_by_typing_its_address(shop: Shop) -> None:
    window = await shop.signed_up(shop.window())
    other = await shop.sign_in(shop.window())
    await window.open(f"{S}/delete")
    assert f"with the address {EMAIL}" in window.text
    await window.press("Delete my account for ever", email="mira")
    assert (window.status, window.page.inputs["email"]["aria-invalid"]) == (422, "true")
    await window.press("Delete my account for ever", email=f" {EMAIL.upper()}")
    assert "Your account is deleted" in window.text
    for one in (window, other):
        assert (await one.open(S)).path == "/account/sign-in"
    assert (await shop.letters())[-1]["subject"] == "Your account at Harbour Books was deleted"
    assert (await shop.sign_in(shop.window())).status == 401


async def test_who_has_no_password_confirms_before_a_first_one_is_typed(shop: Shop) -> None:
    window = await shop.signed_up(shop.window())
    shop.clock.move(601)
    await window.open(f"{S}/password")
    assert window.path == f"{S}/password"  # a password alone is shown with the new one

    async def choose_none(visit: Visit) -> None:
        await visit.db.execute(update(Person).values(password_hash=None))
        await visit.commit()

    await shop.act(choose_none)
    await window.open(f"{S}/password")
    assert window.where == f"/account/confirm?next={S}/password"


async def test_devices_are_ended_by_who_has_just_proved_it(shop: Shop) -> None:
    """ASVS 5.0 V7.5.2."""
    window = await shop.signed_up(shop.window())
    await shop.sign_in(shop.window())
    shop.clock.move(601)
    listed = re.findall(rf'action="({S}/devices/[^"]+)"', (await window.client.get(f"{S}/devices")).text)
    assert len({path.rsplit("/")[-1] for path in listed}) > 1
    for path in listed:
        answer = await window.client.post(path, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/account/confirm?next={S}/devices"), path
