"""What Conduit keeps of a person: all of it is in the export, and all of it goes with the account."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from buckler.accounts import Person
from examples.conduit.models import Article, Comment, Favorite, Follow, User
from tests.conduit.site import Visitor, running

if TYPE_CHECKING:
    from pathlib import Path

    from buckler import Guard


async def counts(guard: Guard) -> dict[str, int]:
    async with guard.app.state.parts.database.session() as session:
        tables = (Person, User, Article, Comment, Favorite, Follow)
        return {table.__tablename__: await session.scalar(select(func.count()).select_from(table)) or 0 for table in tables}


async def lived(mira: Visitor, theo: Visitor) -> str:
    """Both do something everywhere; return the path of Mira's article."""
    await mira.sign_up("mira")
    await theo.sign_up("theo")
    path, other = await mira.publish("Boats", tagList="sea, wind"), await theo.publish("Nets")
    await mira.send_form("/settings", username="mira", bio="Mends nets.", image="")
    await mira.send_form(f"{other}/favorite")
    await mira.send_form(f"{other}/comments", body="Said by Mira.")
    await theo.send_form(f"{path}/comments", body="Said by Theo.")
    await mira.send_form("/profile/theo/follow")
    await theo.send_form("/profile/mira/follow")
    return path


async def test_everything_is_in_the_export(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as mira, Visitor(guard) as theo:
        await lived(mira, theo)
        answer = await mira.send_form("/settings/security/data")
        assert answer.headers["content-disposition"].startswith("attachment")
        found = json.loads(answer.content)
        assert found["account"]["email"] == "mira@conduit.example"
        kept = found["profile"]
        assert (kept["username"], kept["bio"], kept["image"]) == ("mira", "Mends nets.", None)
        assert [(article["title"], article["tags"]) for article in kept["articles"]] == [("Boats", ["sea", "wind"])]
        assert [comment["body"] for comment in kept["comments"]] == ["Said by Mira."]
        assert (kept["follows"], kept["followers"]) == (["theo"], ["theo"])
        assert kept["favorites"] == [kept["comments"][0]["article"]]
        assert "argon2" not in answer.text


async def shown(stranger: Visitor) -> tuple[bool, bool, bool]:
    """Whether a stranger finds Mira's article on the first page, on the API's, and its tag."""
    pages = [(await stranger.get(address)).text for address in ("/", "/api/articles", "/api/tags")]
    return "Boats" in pages[0], "Boats" in pages[1], "wind" in pages[2]


async def test_everything_goes_with_the_account(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as mira, Visitor(guard) as theo, Visitor(guard) as stranger:
        path = await lived(mira, theo)
        assert await shown(stranger) == (True, True, True)
        assert await counts(guard) == {"account_person": 2, "users": 2, "articles": 2, "comments": 2, "favorites": 1, "follows": 2}
        answer = await mira.send_form("/settings/security/delete", email="mira@conduit.example")
        assert answer.status_code == 200
        assert ">Sign in</a>" in answer.text, "the frame knows that nobody is signed in any more"
        assert await counts(guard) == {"account_person": 1, "users": 1, "articles": 1, "comments": 0, "favorites": 0, "follows": 0}
        assert await shown(stranger) == (False, False, False), "also what is kept for everybody"
        assert (await theo.get(path)).status_code == 404
        assert (await theo.get("/profile/mira")).status_code == 404
        assert (await mira.get("/settings")).status_code == 303
