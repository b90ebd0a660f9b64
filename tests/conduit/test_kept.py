"""What is kept for everybody: there for strangers, new after every change, in all workers, and nobody's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from buckler.core.marks import marks_of
from buckler.errors import StoreError
from buckler.protections.overload.shares import MARK, SIGN_IN, VITAL
from examples.conduit.app import make_app
from examples.conduit.settings import Settings
from tests.asgi import scope_of
from tests.conduit.server import serving
from tests.conduit.site import Visitor, running

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conduit.inside import Inside
    from tests.servers.redis import RedisServer

PATIENT = "tests.conduit.patient:app"
_PERSON = {"username": "ana", "email": "ana@test.com", "password": "nine green bottles"}


async def newest(conduit: Inside, token: str = "") -> dict[str, Any]:
    found: dict[str, Any] = (await conduit.ask("GET", "/articles", token)).json()["articles"][0]
    return found


async def tags(conduit: Inside) -> list[str]:
    found: list[str] = (await conduit.ask("GET", "/tags")).json()["tags"]
    return found


async def test_the_tags_are_answered_before_the_application_is_asked(conduit: Inside) -> None:
    token = await conduit.join("ana")
    await conduit.write(token, tagList=["rye"])
    first, second = await conduit.ask("GET", "/tags"), await conduit.ask("GET", "/tags")
    assert first.content == second.content
    assert "hit" not in first.headers["cache-status"]
    assert "hit" in second.headers["cache-status"]
    assert "hit" in (await conduit.ask("GET", "/tags", token)).headers["cache-status"], "the same for everybody"


async def test_every_change_is_seen_by_whoever_asks_next(conduit: Inside) -> None:
    ana, ben = await conduit.join("ana"), await conduit.join("ben")
    assert (await conduit.ask("GET", "/articles")).json() == {"articles": [], "articlesCount": 0}
    assert await tags(conduit) == []
    slug = await conduit.write(ana, "On rye", tagList=["rye"])
    assert (await newest(conduit))["title"] == "On rye"
    assert await tags(conduit) == ["rye"]
    await conduit.ask("POST", f"/articles/{slug}/favorite", ben)
    assert (await newest(conduit))["favoritesCount"] == 1
    await conduit.ask("DELETE", f"/articles/{slug}/favorite", ben)
    assert (await newest(conduit))["favoritesCount"] == 0
    await conduit.ask("PUT", f"/articles/{slug}", ana, json={"article": {"body": "c", "tagList": ["oats"]}})
    assert (await newest(conduit))["tagList"] == ["oats"] == await tags(conduit)
    await conduit.ask("PUT", "/user", ana, json={"user": {"username": "anna"}})
    assert (await newest(conduit))["author"]["username"] == "anna"
    await conduit.ask("DELETE", f"/articles/{slug}", ana)
    assert (await conduit.ask("GET", "/articles")).json()["articles"] == []
    assert await tags(conduit) == []


async def test_favourites_and_follows_of_one_person_reach_nobody_else(conduit: Inside) -> None:
    ana, ben, cem = [await conduit.join(name) for name in ("ana", "ben", "cem")]
    slug = await conduit.write(ana)
    await conduit.ask("POST", f"/articles/{slug}/favorite", ben)
    await conduit.ask("POST", "/profiles/ana/follow", ben)
    for _ in range(2):  # before anything is kept, and after
        for token, own in ((ben, True), ("", False), (cem, False), (ben, True), ("", False)):
            seen = await newest(conduit, token)
            assert (seen["favorited"], seen["author"]["following"]) == (own, own)
            assert seen["favoritesCount"] == 1


async def test_pages_made_for_a_person_are_kept_nowhere(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as ana, Visitor(guard) as stranger:
        await ana.sign_up("ana")
        path = await ana.publish("On rye", tagList="rye")
        await ana.send_form(f"{path}/favorite")
        for address in ("/", path):
            for _ in range(2):
                own, others = await ana.get(address), await stranger.get(address)
                assert 'href="/editor"' in own.text
                assert 'href="/editor"' not in others.text
                for page in (own, others):
                    assert "no-store" in page.headers["cache-control"] or "private" in page.headers["cache-control"]
                    assert "hit" not in page.headers.get("cache-status", "")


async def test_a_store_that_does_not_hear_of_a_change_undoes_nothing(conduit: Inside, caplog: pytest.LogCaptureFixture) -> None:
    async def deaf(*_tags: str) -> None:
        raise StoreError("down")

    token = await conduit.join("ana")
    conduit.parts.database.on_change(deaf)
    await conduit.write(token, "On rye")
    assert (await newest(conduit))["title"] == "On rye"
    assert "old lists" in caplog.text


def ask(address: str, method: str, path: str, token: str = "", **given: Any) -> Any:
    """Ask one worker. All go by one name, as behind a load balancer: it is part of a token."""
    headers = {"host": "localhost", **({"authorization": f"Token {token}"} if token else {})}
    answer = httpx.request(method, f"{address}/api{path}", headers=headers, timeout=60, **given)
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


def test_what_one_worker_publishes_the_other_shows_at_once(tmp_path: Path, redis_server: RedisServer) -> None:
    together = {
        "CONDUIT_STORE": redis_server.url,
        "CONDUIT_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path / 'conduit.db'}",
        "CONDUIT_SECRET_FILE": str(tmp_path / "secret.key"),
        "CONDUIT_DEMO_CONTENT": "false",
        "CONDUIT_INSECURE_CHEAP_PASSWORDS": "true",
    }
    folders = [tmp_path / "one", tmp_path / "other"]
    for folder in folders:
        folder.mkdir()
    with serving(folders[0], PATIENT, **together) as one, serving(folders[1], PATIENT, **together) as other:
        token = ask(one, "POST", "/users", json={"user": _PERSON})["user"]["token"]
        assert ask(other, "GET", "/articles")["articles"] == ask(one, "GET", "/articles")["articles"] == []
        for number in range(5):
            writer, reader = (one, other) if number % 2 else (other, one)
            article = {"title": f"Article {number}", "description": "d", "body": "b", "tagList": ["rye"]}
            slug = ask(writer, "POST", "/articles", token, json={"article": article})["article"]["slug"]
            assert ask(reader, "GET", "/articles")["articles"][0]["slug"] == slug
            ask(reader, "POST", f"/articles/{slug}/favorite", token)
            seen = ask(writer, "GET", "/articles")["articles"][0]
            assert (seen["favoritesCount"], seen["favorited"]) == (1, False)


async def test_a_worker_says_whether_it_can_work(conduit: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = await conduit.client.get("/health")
    assert (answer.status_code, answer.text, answer.headers["cache-control"]) == (200, "ok\n", "no-store")
    assert (await conduit.client.head("/health")).status_code == 200

    def gone() -> None:
        raise OperationalError("SELECT 1", None, Exception("gone"))

    monkeypatch.setattr(conduit.parts.database, "session", gone)
    answer = await conduit.client.get("/health")
    assert (answer.status_code, answer.text) == (503, "the database does not answer\n")


@pytest.mark.parametrize(
    ("method", "path", "share"), [("GET", "/health", VITAL), ("POST", "/api/users/login", SIGN_IN), ("POST", "/login", SIGN_IN)]
)
def test_what_keeps_room_in_an_overload(tmp_path: Path, method: str, path: str, share: str) -> None:
    guard = make_app(Settings(folder=tmp_path))
    endpoint = guard.plan.site.offers["routes"].endpoint(scope_of(method=method, path=path))
    assert marks_of(endpoint)[MARK] == share
