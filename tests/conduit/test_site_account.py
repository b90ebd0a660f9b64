"""Signing up, in and out on the site; what the settings change; how the account pages stand in Conduit's frame."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from buckler.core.clock import HandClock
from tests.conduit.site import PASSWORD, Visitor, has, letters, running

if TYPE_CHECKING:
    from pathlib import Path

COOKIE = "__Host-session"
EACH_ONES_OWN = r'nonce="[^"]*"|name="csrf_token" value="[^"]*"'


async def is_inside(visitor: Visitor) -> bool:
    return (await visitor.get("/settings")).status_code == 200


async def test_signing_in_gives_a_new_session_and_signing_out_ends_it(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as mira, Visitor(guard) as thief:
        await mira.sign_up("mira")
        first = mira.cookies[COOKIE]
        await mira.send_form("/logout")
        assert not await is_inside(mira)
        thief.cookies.set(COOKIE, first, domain="localhost.local")
        assert not await is_inside(thief)
        mira.cookies.set(COOKIE, "A" * 43, domain="localhost.local")  # planted
        assert (await mira.sign_in("mira")).status_code == 303
        assert mira.cookies[COOKIE] not in {first, "A" * 43}
        answer = await mira.get("/settings")
        assert answer.headers["cache-control"] == "no-store"
        assert "cookie" in answer.headers["vary"].lower()


async def test_a_wrong_password_and_an_unknown_address_look_the_same(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as mira, Visitor(guard) as visitor:
        await mira.sign_up("mira")
        known = await visitor.sign_in("mira", "a wrong password")
        unknown = await visitor.sign_in("nobody", "a wrong password")
        assert known.status_code == unknown.status_code == 401
        assert re.sub(EACH_ONES_OWN, "", known.text) == re.sub(EACH_ONES_OWN, "", unknown.text).replace("nobody@", "mira@")
        has(known.text, "E-mail address or password is wrong.", 'value="mira@conduit.example"')
        assert "a wrong password" not in known.text
        assert "set-cookie" not in known.headers


async def test_strangers_get_no_cookie(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as visitor:
        for path in ("/", "/login", "/register", "/tag/none", "/nothing"):
            assert "set-cookie" not in (await visitor.get(path)).headers


async def test_an_address_that_has_an_account_is_told_by_mail_and_not_by_the_page(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as mira, Visitor(guard) as visitor:
        await mira.sign_up("mira")
        answers = []
        for name, email in (("else", "mira@conduit.example"), ("other", "new@conduit.example")):
            answer = await visitor.send_form("/register", username=name, email=email, password=PASSWORD)
            answers.append((answer.status_code, answer.headers["location"]))
        assert answers == [(303, "/register/sent")] * 2
        assert {letter.to for letter in (await letters(guard))[:2]} == {"mira@conduit.example", "new@conduit.example"}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"username": "mi ra"}, "This username cannot be used."),
        ({"username": ""}, "Something is missing here."),
        ({"username": "MIRA"}, "Somebody has this username."),
        ({"email": "no"}, "This is no e-mail address."),
        ({"password": "x" * 7}, "The password is too short."),
        ({"password": "password123"}, "Many people use this password."),
    ],
)
async def test_what_cannot_be_is_told_beside_the_field(tmp_path: Path, changed: dict[str, str], said: str) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as mira, Visitor(guard) as visitor:
        await mira.sign_up("mira")
        given = {"username": "theo", "email": "theo@conduit.example", "password": PASSWORD, **changed}
        answer = await visitor.send_form("/register", **given)
        assert answer.status_code in {409, 422}
        has(answer.text, said, "<title>Error: Sign up · Conduit</title>", 'aria-invalid="true"', f'value="{given["username"]}"')
        assert given["password"] not in answer.text


async def test_a_username_that_was_taken_meanwhile_makes_no_account(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as mira, Visitor(guard) as visitor:
        asked = await visitor.send_form("/register", username="mira", email="late@conduit.example", password=PASSWORD)
        assert asked.status_code == 303
        await mira.sign_up("mira")
        answer = await visitor.open_link("late@conduit.example")
        assert answer.status_code == 409
        has(answer.text, "Somebody has this username.", 'name="username"')
        assert (await visitor.sign_in("late")).status_code == 401
        assert (await visitor.open_link("late@conduit.example", username="selma")).headers["location"] == "/"
        has((await visitor.get("/")).text, "selma")


async def test_settings_change_the_profile_and_nothing_else(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as mira, Visitor(guard) as theo:
        await mira.sign_up("mira")
        await theo.sign_up("theo")
        renamed = await mira.send_form("/settings", username="selma", bio="Mends nets.", image="")
        assert renamed.headers["location"] == "/profile/selma"
        has((await mira.get("/profile/selma")).text, "Mends nets.")
        taken = await mira.send_form("/settings", username="Theo", bio="kept", image="")
        assert taken.status_code == 409
        has(taken.text, "username has already been taken", "kept", "selma")
        for field in ("email", "password"):
            assert (await mira.send_form("/settings", username="selma", **{field: "ten grey harbour seals"})).status_code == 422
        assert (await mira.sign_in("mira")).status_code == 303


async def test_account_pages_stand_in_the_frame_of_the_site(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as mira, Visitor(guard) as stranger:
        await mira.sign_up("mira")
        has((await mira.get("/settings")).text, 'href="/settings/security"')
        for path in ("/settings/security", "/settings/security/password", "/settings/security/tokens", "/logout"):
            page = await mira.get(path)
            assert page.status_code == 200, path
            has(
                page.text,
                'class="navbar"',
                'class="nav-name">mira<',
                "/site.css",
                "/account.css",
                " · Conduit</title>",
                'content="noindex"',
            )
            assert page.text.index("/account.css") < page.text.index("/site.css"), "ours counts"
            assert page.text.count("<h1") == 1
        for path in ("/login", "/register", "/account/reset"):
            has((await stranger.get(path)).text, 'class="navbar"', ">Sign up</a>", "<html")
        german = await stranger.get("/login", headers={"accept-language": "de"})
        has(german.text, '<html lang="en">', 'lang="de"', "Anmelden")


async def test_letters_can_be_read_on_a_laptop(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as visitor:
        await visitor.send_form("/register", username="mira", email="mira@conduit.example", password=PASSWORD)
        sent = await visitor.get("/register/sent")
        has(sent.text, 'href="/account/mailbox"', "mira@conduit.example")
        has((await visitor.get("/account/mailbox")).text, "/register/confirm?token=", 'class="navbar"')


@pytest.mark.parametrize(
    ("method", "path", "back"),
    [
        ("GET", "/?feed=following", "/?feed=following"),
        ("GET", "/editor", "/editor"),
        ("GET", "/settings", "/settings"),
        ("GET", "/editor/a-slug", "/editor/a-slug"),
        ("POST", "/editor", "/tag/sea"),
        ("POST", "/editor/a-slug", "/tag/sea"),
        ("POST", "/settings", "/tag/sea"),
        ("POST", "/article/a-slug/favorite", "/tag/sea"),
        ("POST", "/article/a-slug/unfavorite", "/tag/sea"),
        ("POST", "/article/a-slug/delete", "/tag/sea"),
        ("POST", "/article/a-slug/comments", "/tag/sea"),
        ("POST", "/article/a-slug/comments/1/delete", "/tag/sea"),
        ("POST", "/profile/mira/follow", "/tag/sea"),
        ("POST", "/profile/mira/unfollow", "/tag/sea"),
    ],
)
async def test_strangers_are_asked_to_sign_in_and_come_back(tmp_path: Path, method: str, path: str, back: str) -> None:
    """To the page that they asked for, or on which the form was."""
    async with running(tmp_path) as guard, Visitor(guard) as stranger:
        answer = await stranger.request(method, path, headers={"referer": "https://localhost/tag/sea"})
        assert answer.status_code == 303
        page = await stranger.get(answer.headers["location"])
        assert f'<input type="hidden" name="next" value="{back.replace("&", "&amp;")}">' in page.text


async def test_guessing_is_slowed_down_on_every_door(tmp_path: Path) -> None:
    async with (
        running(tmp_path, insecure_only_report_rate_limits=False) as guard,
        Visitor(guard) as visitor,
        Visitor(guard, "203.0.113.9") as elsewhere,
    ):
        guard.app.state.parts.store._clock = HandClock()  # no time passes, in which one more attempt would be allowed
        answers = [await visitor.sign_in("mira", f"guess number {number}") for number in range(6)]
        assert [answer.status_code for answer in answers] == [401] * 5 + [429]
        assert int(answers[-1].headers["retry-after"]) > 0
        has(answers[-1].text, "There were too many attempts.", 'class="navbar"')
        assert (await visitor.get("/login")).status_code == 200
        user = {"user": {"email": "Mira@Conduit.example", "password": PASSWORD}}
        refused = await elsewhere.post("/api/users/login", json=user)  # the other door, from another address
        assert (refused.status_code, list(refused.json()["errors"])) == (429, ["account"])
        assert int(refused.headers["retry-after"]) > 0
        assert (await elsewhere.sign_in("theo", "a first guess")).status_code == 401


async def test_another_site_cannot_act_here(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as mira:
        await mira.sign_up("mira")
        for path in ("/logout", "/editor", "/settings", "/login", "/register", "/profile/mira/follow"):
            answer = await mira.send_form(path, {"sec-fetch-site": "cross-site", "origin": "https://evil.example"})
            assert answer.status_code == 403
        assert await is_inside(mira)


async def test_a_browser_without_fetch_metadata_needs_the_token_of_the_form(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as mira:
        await mira.sign_up("mira")
        page = (await mira.get("/editor")).text
        token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
        assert token
        del mira.headers["sec-fetch-site"]
        article = {"title": "T", "description": "d", "body": "b"}
        assert (await mira.send_form("/editor", **article)).status_code == 403
        assert (await mira.send_form("/editor", **article, csrf_token=token)).status_code == 303
