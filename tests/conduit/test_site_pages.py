"""Routes, markup and texts of the RealWorld contract, as a program reads them."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

import pytest

from examples.conduit.site.render import Pages
from tests.conduit.site import SCRIPT, Visitor, has, running

if TYPE_CHECKING:
    from pathlib import Path

ATTACK = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>"


async def test_pages_for_strangers(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as visitor:
        home = (await visitor.get("/")).text
        has(home, 'class="navbar"', 'class="navbar-brand"', 'class="banner"', 'class="feed-toggle"', 'class="sidebar"', 'class="container')
        has(home, ">Global Feed</a>", ">Home</a>", "empty-feed-message", "No articles are here", ">Sign in</a>", ">Sign up</a>")
        assert "Your Feed" not in home
        has((await visitor.get("/login")).text, "<h1>Sign in</h1>", 'name="email"', 'name="password"', "<title>Sign in · Conduit</title>")
        has((await visitor.get("/login")).text, 'class="navbar"', 'class="account account-narrow"', "/static/", "/site.css")
        has((await visitor.get("/register")).text, "<h1>Sign up</h1>", 'name="username"', 'name="email"', 'name="password"')
        for path in ("/", "/login", "/register", "/tag/none", "/?page=7"):
            answer = await visitor.head(path)
            assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")


async def test_pages_for_somebody_signed_in(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as mira, Visitor(guard) as theo:
        await mira.sign_up("mira")
        await theo.sign_up("theo")
        path = await mira.publish("Boats & tides", tagList="sea, wind, sea")
        own, others = (await mira.get(path)).text, (await theo.get(path)).text
        has(
            own,
            "<title>Boats &amp; tides · Conduit</title>",
            'class="article-page"',
            'class="article-content"',
            "Edit Article",
            "Delete Article",
        )
        has(
            others,
            "btn-outline-primary",
            "</span> Article",
            "Follow</span> mira",
            "Write a comment...",
            "Post Comment",
            "default-avatar.svg",
        )
        assert "Edit Article" not in others
        assert "Delete Article" not in others
        assert "Follow</span>" not in own
        has((await theo.get("/tag/sea")).text, "Boats &amp; tides", "#sea", 'class="tag-default tag-pill">sea<')
        has(
            (await mira.get("/settings")).text,
            'name="image"',
            'name="bio"',
            "Update Settings",
            "Or click here to logout",
            "btn-outline-danger",
        )
        has(
            (await mira.get("/editor")).text,
            'name="title"',
            'name="description"',
            'name="body"',
            'placeholder="Enter tags"',
            "Publish Article",
        )
        has(
            (await mira.get("/profile/mira")).text,
            'class="user-info"',
            'class="user-img"',
            'class="user-pic"',
            "Edit Profile Settings",
            "Favorited",
        )
        has((await theo.get("/profile/mira")).text, "Boats &amp; tides", "Follow</span> mira")
        has((await theo.get("/?feed=following")).text, "Your feed is empty")
        await theo.send_form("/profile/mira/follow")
        has((await theo.get("/?feed=following")).text, "Boats &amp; tides")
        await theo.send_form(f"{path}/favorite")
        has((await theo.get(path)).text, "Unfavorite</span> Article", "<span data-count>1</span>", "Unfollow</span> mira")
        has((await theo.get("/profile/theo/favorites")).text, "Boats &amp; tides")
        await theo.send_form(f"{path}/unfavorite")
        await theo.send_form("/profile/mira/unfollow")
        has((await theo.get(path)).text, "Favorite</span> Article", "<span data-count>0</span>", "Follow</span> mira")


async def test_every_field_is_escaped(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as mira:
        await mira.sign_up("mira")
        path = await mira.publish(ATTACK, description=ATTACK, body=ATTACK, tagList=ATTACK[:38])
        await mira.send_form(f"{path}/comments", body=ATTACK)
        settings = {"username": "mira", "bio": ATTACK, "image": ""}
        assert (await mira.send_form("/settings", **settings)).status_code == 303
        editor = path.replace("/article/", "/editor/")
        for page in (
            path,
            "/",
            "/profile/mira",
            "/settings",
            editor,
            f"/tag/{ATTACK[:20]}",
            f"/profile/{ATTACK[:20]}",
            "/login?next=/%22%3E%3Cscript%3E",
        ):
            text = (await mira.get(page)).text
            assert not re.search(r"<script(?! type=\"module\" nonce=)|<img[^>]*onerror=alert", text), page
        has((await mira.get(path)).text, str(escape(ATTACK)).replace("&#x27;", "&#39;").replace("&quot;", "&#34;"))


async def test_pictures_are_https_or_the_default(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as mira:
        await mira.sign_up("mira")
        settings = {"username": "mira", "bio": ""}
        for image in ("javascript:alert(1)", "http://a.example/x.png", "data:image/svg+xml,x", "//a.example/x"):
            answer = await mira.send_form("/settings", **settings, image=image)
            assert answer.status_code == 422
            has(answer.text, "image must be an address that begins with https://", f'value="{image}"', 'aria-invalid="true"')
        assert (await mira.send_form("/settings", **settings, image="https://a.example/x.png")).status_code == 303
        has((await mira.get("/profile/mira")).text, 'class="user-img" src="https://a.example/x.png"')


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"title": " "}, "title can&#39;t be blank"),
        ({"title": "x" * 201}, "title is too long (maximum is 200 characters)"),
        ({"title": "a\x00b"}, "title must not contain control characters"),
        ({"tagList": ",".join(f"tag{n}" for n in range(21))}, "tags has too many entries"),
        ({"colour": "red"}, "colour is not a known field"),
    ],
)
async def test_errors_stand_beside_the_form_and_what_was_written_is_kept(tmp_path: Path, form: dict[str, str], said: str) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as mira:
        await mira.sign_up("mira")
        answer = await mira.send_form("/editor", **{"title": "T", "description": "kept description", "body": "kept body", **form})
        assert answer.status_code == 422
        has(answer.text, 'class="error-messages"', said, "kept description", "kept body", "<title>Error: New Article")


async def test_odd_bytes_are_told(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as mira:
        await mira.sign_up("mira")
        kind = {"content-type": "application/x-www-form-urlencoded"}
        answer = await mira.post("/editor", content=b"title=%ff&description=a&body=b", headers=kind)
        assert answer.status_code == 422
        has(answer.text, "title must be valid Unicode")
        file = await mira.post("/editor", files={"title": ("x.txt", b"x")})
        assert file.status_code == 422
        assert (await mira.post("/editor", content=b"{}", headers={"content-type": "application/json"})).status_code == 422


async def test_comments(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as mira, Visitor(guard) as theo, Visitor(guard) as stranger:
        await mira.sign_up("mira")
        await theo.sign_up("theo")
        path = await mira.publish()
        has((await stranger.get(path)).text, "to add comments on this article", f"/login?next={path}".replace("/article/", "/article/"))
        answer = await theo.send_form(f"{path}/comments", body="First\r\n\r\nsecond")
        assert re.fullmatch(rf"{path}#comment-\d+", answer.headers["location"])
        number = answer.headers["location"].rpartition("-")[2]
        has((await theo.get(path)).text, "First\n\nsecond", "ion-trash-a", "mod-options", f'id="comment-{number}"')
        assert f"/comments/{number}/delete" not in (await mira.get(path)).text
        assert (await mira.send_form(f"{path}/comments/{number}/delete")).status_code == 403
        refused = await theo.send_form(f"{path}/comments", body="  ")
        assert refused.status_code == 422
        has(refused.text, 'class="error-messages"', "body can&#39;t be blank")
        assert (await theo.send_form(f"{path}/comments/{number}/delete")).headers["location"] == f"{path}#comments"
        has((await theo.get(path)).text, '<p class="no-comments">')
        assert (await theo.send_form(f"{path}/comments/{number}/delete")).status_code == 404
        assert (await theo.send_form("/article/none/comments", body="x")).status_code == 404


async def test_our_script_gets_json_from_the_same_addresses(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as mira, Visitor(guard) as stranger:
        await mira.sign_up("mira")
        path = await mira.publish()
        assert (await mira.send_form(f"{path}/favorite", SCRIPT)).json() == {"favorited": True, "favoritesCount": 1}
        assert (await mira.send_form(f"{path}/unfavorite", SCRIPT)).json() == {"favorited": False, "favoritesCount": 0}
        assert (await mira.send_form("/profile/mira/follow", SCRIPT)).json() == {"following": True}
        said = await mira.send_form(f"{path}/comments", SCRIPT, body="<b>hi</b>")
        assert said.status_code == 201
        assert said.json()["body"] == "<b>hi</b>"
        assert (await mira.send_form(f"{path}/comments", SCRIPT, body="")).json()["messages"] == ["body can't be blank"]
        assert (await mira.send_form(f"{path}/comments/{said.json()['id']}/delete", SCRIPT)).json() == {"deleted": said.json()["id"]}
        assert (await mira.send_form("/article/none/favorite", SCRIPT)).json()["title"] == "Page not found"
        assert (await stranger.send_form(f"{path}/favorite", SCRIPT)).status_code == 401


async def test_editing(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as mira:
        await mira.sign_up("mira")
        path = await mira.publish("Old", tagList=["sea", "wind"], body="  indented\n\ntext")
        editor = path.replace("/article/", "/editor/")
        page = (await mira.get(editor)).text
        has(page, 'value="Old"', 'value="sea, wind"', ">\n  indented\n\ntext</textarea>", "<h1>Edit Article</h1>")
        answer = await mira.send_form(editor, title="New", description="d", body="b")
        new = answer.headers["location"]
        assert new.startswith("/article/new-")
        has((await mira.get(new)).text, "<h1>New</h1>")
        assert "tag-pill" not in (await mira.get(new)).text
        refused = await mira.send_form(new.replace("/article/", "/editor/"), title="", description="d", body="kept")
        assert refused.status_code == 422
        has(refused.text, "kept", "Error: Edit Article")
        assert (await mira.send_form(f"{new}/delete")).headers["location"] == "/"
        assert (await mira.get(new)).status_code == 404


async def test_lists_have_pages(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as mira:
        await mira.sign_up("mira")
        for number in range(11):
            await mira.publish(f"Article {number}", tagList="sea")
        for base in ("/", "/tag/sea", "/profile/mira"):
            first, second = (await mira.get(base)).text, (await mira.get(f"{base}?page=2")).text
            assert first.count('class="article-preview"') == 10
            assert second.count('class="article-preview"') == 1
            has(first, 'class="pagination"', 'class="page-item active"', f'href="{base}?page=2"')
            has(second, "page 2")


@pytest.mark.parametrize(
    ("current", "count", "shown"),
    [
        (1, 1, [1]),
        (1, 3, [1, 2, 3]),
        (1, 33, [1, 2, None, 33]),
        (3, 33, [1, 2, 3, 4, None, 33]),
        (4, 33, [1, 2, 3, 4, 5, None, 33]),
        (17, 33, [1, None, 16, 17, 18, None, 33]),
        (33, 33, [1, None, 32, 33]),
        (99, 33, [1, None, 33]),
    ],
)
def test_pagination_leaves_the_middle_out(current: int, count: int, shown: list[int | None]) -> None:
    assert Pages("/?feed=following", current, count).shown == shown
    assert Pages("/?feed=following", current, count).href(2) == "/?feed=following&page=2"
