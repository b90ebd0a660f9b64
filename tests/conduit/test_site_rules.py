"""Who may call what: every route says so, and moderators may remove what others wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.frameworks.fastapi.accounts import routes_without_rule
from examples.conduit.accounts import appoint
from tests.conduit.site import Visitor, has, running

if TYPE_CHECKING:
    from pathlib import Path


async def test_every_route_says_who_may_call(tmp_path: Path) -> None:
    async with running(tmp_path) as guard:
        assert routes_without_rule(guard.app) == []


async def test_a_moderator_removes_what_others_wrote(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as mira, Visitor(guard) as theo:
        database = guard.app.state.parts.database
        await mira.sign_up("mira")
        await theo.sign_up("theo")
        path = await mira.publish()
        said = (await mira.send_form(f"{path}/comments", body="Mine.")).headers["location"].rpartition("-")[2]
        removal = f"{path}/comments/{said}/delete"
        assert "Delete Article" not in (await theo.get(path)).text
        for address in (removal, f"{path}/delete"):
            assert (await theo.send_form(address)).status_code == 403
        await appoint(database, ["THEO@conduit.example", "nobody@conduit.example"])
        has((await theo.get(path)).text, "Delete Article", removal)
        assert "Edit Article" not in (await theo.get(path)).text
        assert (await theo.send_form(path.replace("/article/", "/editor/"), title="x", description="y", body="z")).status_code == 403
        assert (await theo.send_form(removal)).status_code == 303
        await appoint(database, [])  # withdrawn: it holds from the next request on
        assert (await theo.send_form(f"{path}/delete")).status_code == 403
        await appoint(database, ["theo@conduit.example"])
        assert (await theo.send_form(f"{path}/delete")).headers["location"] == "/"
        assert (await mira.get(path)).status_code == 404


async def test_who_has_not_confirmed_an_address_is_no_moderator(tmp_path: Path) -> None:
    """Anybody can register by the API with a moderator's address."""
    async with running(tmp_path) as guard, Visitor(guard) as mira, Visitor(guard) as impostor:
        await mira.sign_up("mira")
        path = await mira.publish()
        user = {"user": {"username": "boss", "email": "boss@conduit.example", "password": "nine green bottles"}}
        token = (await impostor.post("/api/users", json=user)).json()["user"]["token"]
        await appoint(guard.app.state.parts.database, ["boss@conduit.example"])
        refused = await impostor.delete(f"/api/articles/{path.rpartition('/')[2]}", headers={"authorization": f"Token {token}"})
        assert refused.status_code == 403
