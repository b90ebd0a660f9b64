"""Sign-up, sign-in, sign-out, settings: the session in a browser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.conduit.site import PASSWORD, Visitor, running

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

NEW = "ten grey harbour seals"
COOKIE = "__Host-session"
NONCE = r'nonce="[^"]*"'


def settings(name: str, **changes: str) -> dict[str, str]:
    given = {"username": name, "email": f"{name}@conduit.example", "bio": "", "image": "", "password": "", "currentPassword": ""}
    return {**given, **changes}


async def sign_in(visitor: Visitor, name: str, password: str = PASSWORD, **more: str) -> httpx.Response:
    return await visitor.send_form("/login", email=f"{name}@conduit.example", password=password, **more)


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
        assert (await sign_in(mira, "mira")).status_code == 303
        assert mira.cookies[COOKIE] not in {first, "A" * 43}
        answer = await mira.get("/settings")
        assert answer.headers["cache-control"] == "no-store"
        assert "cookie" in answer.headers["vary"].lower()


async def test_a_wrong_password_and_an_unknown_address_look_the_same(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as mira, Visitor(guard) as visitor:
        await mira.sign_up("mira")
        known = await sign_in(visitor, "mira", "a wrong password")
        unknown = await sign_in(visitor, "nobody", "a wrong password")
        assert known.status_code == unknown.status_code == 401
        assert re.sub(NONCE, "", known.text) == re.sub(NONCE, "", unknown.text).replace("nobody@", "mira@")
        assert "email or password is invalid" in known.text
        assert 'value="mira@conduit.example"' in known.text
        assert "a wrong password" not in known.text
        assert "set-cookie" not in known.headers


async def test_strangers_get_no_cookie(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as visitor:
        for path in ("/", "/login", "/register", "/tag/none", "/nothing"):
            assert "set-cookie" not in (await visitor.get(path)).headers


async def test_a_password_is_never_sent_back(tmp_path: Path) -> None:
    secret = "x" * 7
    async with running(tmp_path) as guard, Visitor(guard) as visitor:
        answer = await visitor.send_form("/register", username="mi ra", email="no", password=secret)
        assert answer.status_code == 422
        assert secret not in answer.text
        for said in ("username may have letters", "email is not an e-mail address", "password is too short", 'value="mi ra"', 'value="no"'):
            assert said in answer.text
        await visitor.sign_up("mira")
        answer = await visitor.send_form("/settings", **settings("mira", password=secret, currentPassword=PASSWORD))
        assert answer.status_code == 422
        assert secret not in answer.text
        assert PASSWORD not in answer.text


async def test_a_taken_name_is_told_beside_the_form(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as mira, Visitor(guard) as visitor:
        await mira.sign_up("mira")
        answer = await visitor.send_form("/register", username="Mira", email="other@conduit.example", password=PASSWORD)
        assert answer.status_code == 409
        assert "username has already been taken" in answer.text
        answer = await visitor.send_form("/register", username="other", email="other@conduit.example", password="password123")
        assert "password is one of the first that an attacker would try" in answer.text


async def test_email_and_password_change_only_with_the_present_password(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as mira:
        await mira.sign_up("mira")
        for changes in ({"email": "new@conduit.example"}, {"password": NEW}):
            without = await mira.send_form("/settings", **settings("mira", **changes))
            wrong = await mira.send_form("/settings", **settings("mira", **changes, currentPassword="not the one"))
            assert (without.status_code, wrong.status_code) == (422, 422)
            assert "current password is needed to change email or password" in without.text
            assert "current password is wrong" in wrong.text
        assert (await mira.send_form("/settings", **settings("mira", bio="No password needed."))).headers["location"] == "/profile/mira"
        moved = await mira.send_form("/settings", **settings("mira", email="new@conduit.example", currentPassword=PASSWORD))
        assert moved.status_code == 303
        renamed = await mira.send_form("/settings", **settings("selma", email="new@conduit.example"))
        assert renamed.headers["location"] == "/profile/selma"


async def test_a_new_password_ends_all_other_sessions(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as mira, Visitor(guard) as elsewhere:
        await mira.sign_up("mira")
        await sign_in(elsewhere, "mira")
        assert await is_inside(elsewhere)
        before = mira.cookies[COOKIE]
        assert (await mira.send_form("/settings", **settings("mira", password=NEW, currentPassword=PASSWORD))).status_code == 303
        assert mira.cookies[COOKIE] != before
        assert await is_inside(mira)
        assert not await is_inside(elsewhere)
        assert (await sign_in(elsewhere, "mira")).status_code == 401
        assert (await sign_in(elsewhere, "mira", NEW)).status_code == 303


async def test_a_new_password_through_the_api_ends_sessions_too(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as mira:
        await mira.sign_up("mira")
        user = {"user": {"email": "mira@conduit.example", "password": PASSWORD}}
        token = (await mira.post("/api/users/login", json=user)).json()["user"]["token"]
        changed = await mira.put("/api/user", json={"user": {"password": NEW}}, headers={"authorization": f"Token {token}"})
        assert changed.status_code == 200
        assert not await is_inside(mira)


@pytest.mark.parametrize(
    ("method", "path", "back"),
    [
        ("GET", "/?feed=following", "/?feed=following"),
        ("GET", "/editor", "/editor"),
        ("GET", "/settings", "/settings"),
        ("GET", "/editor/a-slug", "/editor/a-slug"),
        ("POST", "/editor", "/editor"),
        ("POST", "/editor/a-slug", "/editor/a-slug"),
        ("POST", "/settings", "/settings"),
        ("POST", "/article/a-slug/favorite", "/article/a-slug"),
        ("POST", "/article/a-slug/unfavorite", "/article/a-slug"),
        ("POST", "/article/a-slug/delete", "/article/a-slug"),
        ("POST", "/article/a-slug/comments", "/article/a-slug#comments"),
        ("POST", "/article/a-slug/comments/1/delete", "/article/a-slug#comments"),
        ("POST", "/profile/mira/follow", "/profile/mira"),
        ("POST", "/profile/mira/unfollow", "/profile/mira"),
    ],
)
async def test_strangers_are_asked_to_sign_in_and_come_back(tmp_path: Path, method: str, path: str, back: str) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as stranger:
        answer = await stranger.request(method, path)
        assert answer.status_code == 303
        page = await stranger.get(answer.headers["location"])
        assert f'<input type="hidden" name="next" value="{back.replace("&", "&amp;")}">' in page.text


async def test_guessing_is_slowed_down_by_client_and_by_account(tmp_path: Path) -> None:
    async with (
        running(tmp_path, insecure_only_report_rate_limits=False) as guard,
        Visitor(guard) as visitor,
        Visitor(guard, "203.0.113.9") as elsewhere,
    ):
        statuses = [(await sign_in(visitor, "mira", f"guess number {number}")).status_code for number in range(12)]
        assert statuses[:10] == [401] * 10
        assert statuses[10:] == [429, 429]
        refused = await sign_in(visitor, "mira", "another guess")
        assert int(refused.headers["retry-after"]) > 0
        assert "<h1>" in refused.text
        assert (await visitor.get("/login")).status_code == 200
        user = {"user": {"email": "Mira@Conduit.example", "password": PASSWORD}}
        assert (await elsewhere.post("/api/users/login", json=user)).status_code == 429  # the other door, from another address
        assert (await sign_in(elsewhere, "theo", "a first guess")).status_code == 401


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
