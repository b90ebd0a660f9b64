"""Accounts behind the RealWorld API: tokens, what they may do, and what they cannot take over."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from pyotp import TOTP
from sqlalchemy import select, update

from buckler.accounts import Person, totp
from buckler.accounts.tables import RefreshToken
from buckler.accounts.tokens import personal
from buckler.frameworks.fastapi.accounts import VisitDep, public  # FastAPI reads annotations at run time
from examples.conduit.models import now
from tests.conduit.inside import PASSWORD, inside
from tests.conduit.site import Visitor, letters, running

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    import httpx

    from buckler.accounts import Visit
    from tests.conduit.inside import Inside

NEW = "ten green bottles"
BY_HAND = "cannot be changed by token: change it on the site, under Settings, Security"


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("conduit.db*"))


async def enter(asking: Inside | Visitor, email: str, password: str = PASSWORD) -> httpx.Response:
    body = {"user": {"email": email, "password": password}}
    return await (
        asking.post("/api/users/login", json=body) if isinstance(asking, Visitor) else asking.ask("POST", "/users/login", json=body)
    )


async def act(visitor: Visitor, name: str, do: Callable[[Visit, Person], Awaitable[Any]]) -> Any:
    """Run `do` for somebody, in a request of their own."""
    found: list[Any] = []

    async def route(visit: VisitDep) -> None:
        person = await visit.db.scalar(select(Person).where(Person.email == f"{name}@conduit.example"))
        assert person is not None
        found.append(await do(visit, person))
        await visit.commit()

    app = visitor.guard.app
    app.add_api_route("/act", route, dependencies=[public(because="of the tests")], methods=["POST"])
    assert (await visitor.post("/act")).status_code == 200
    app.router.routes.pop()
    return found[0]


async def test_the_database_holds_neither_token_nor_password(conduit: Inside, tmp_path: Path) -> None:
    token = await conduit.join("mira")
    kept = everything_in(tmp_path)
    assert b"$argon2id$" in kept
    assert token.encode() not in kept
    assert PASSWORD.encode() not in kept


@pytest.mark.parametrize(
    "header",
    ["Token", "Token ", "Token x", "Basic bWlyYTp4", "x", "Token " + "x" * 4_000, "Token ''--", "Token \xff", "Token conduitp_x"],
)
async def test_a_bad_token_is_refused_even_where_none_is_needed(conduit: Inside, header: str) -> None:
    """Nobody who shows a token is served as a stranger unnoticed."""
    for path in ("/user", "/articles", "/articles/feed"):
        answer = await conduit.ask("GET", path, headers={"authorization": header.encode("latin-1")})
        assert (answer.status_code, answer.json()) == (401, {"errors": {"token": ["is invalid"]}})
        assert answer.headers["www-authenticate"] == 'Token realm="conduit"'


async def test_wrong_and_unknown_are_told_the_same(conduit: Inside) -> None:
    await conduit.join("mira")
    answers = [await enter(conduit, email, "wrong password") for email in ("mira@test.com", "nobody@test.com")]
    assert answers[0].status_code == answers[1].status_code == 401
    assert answers[0].content == answers[1].content


async def test_a_busy_machine_says_when_to_come_back(tmp_path: Path) -> None:
    async with inside(tmp_path, password_workers=1, password_wait_s=0.01) as conduit:
        many = await asyncio.gather(*(enter(conduit, f"nobody{number}@test.com") for number in range(20)))
        busy = [answer for answer in many if answer.status_code == 503]
        assert all(int(answer.headers["retry-after"]) > 0 and list(answer.json()["errors"]) == ["account"] for answer in busy)
        assert {answer.status_code for answer in many} <= {401, 503}


async def test_who_registers_by_the_api_signs_in_on_the_site_after_the_letter(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as mira:
        user = {"username": "mira", "email": "mira@conduit.example", "password": PASSWORD}
        token = (await mira.post("/api/users", json={"user": user})).json()["user"]["token"]
        assert (await mira.get("/api/user", headers={"authorization": f"Token {token}"})).json()["user"]["email"] == "mira@conduit.example"
        assert (await enter(mira, "mira@conduit.example")).status_code == 200
        assert (await mira.sign_in("mira")).status_code == 403
        assert (await mira.open_link("mira@conduit.example", password=PASSWORD)).headers["location"] == "/login"
        assert (await mira.sign_in("mira")).status_code == 303
        assert (await mira.get("/settings")).status_code == 200


async def test_a_session_of_the_site_is_no_token(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as mira:
        await mira.sign_up("mira")
        for method, path in (("GET", "user"), ("GET", "articles/feed"), ("POST", "profiles/mira/follow"), ("DELETE", "articles/none")):
            answer = await mira.request(method, f"/api/{path}")
            assert (answer.status_code, answer.json()) == (401, {"errors": {"token": ["is missing"]}}), path
        assert (await mira.get("/api/articles")).status_code == 200


async def test_a_stolen_token_takes_over_no_confirmed_account(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as mira, Visitor(guard) as thief:
        await mira.sign_up("mira")
        stolen = {"authorization": f"Token {(await enter(thief, 'mira@conduit.example')).json()['user']['token']}"}
        for field, value in (("email", "thief@conduit.example"), ("password", NEW)):
            answer = await thief.put("/api/user", json={"user": {field: value, "bio": "stolen"}}, headers=stolen)
            assert (answer.status_code, answer.json()) == (403, {"errors": {field: [BY_HAND]}})
        same = await thief.put("/api/user", json={"user": {"email": "MIRA@conduit.example", "bio": "Mends nets."}}, headers=stolen)
        assert (same.status_code, same.json()["user"]["bio"]) == (200, "Mends nets.")
        assert same.json()["user"]["email"] == "mira@conduit.example"
        assert (await enter(mira, "mira@conduit.example")).status_code == 200


async def test_a_new_password_ends_all_tokens_but_the_one_that_asks(conduit: Inside) -> None:
    mine = await conduit.join("mira")
    other = (await enter(conduit, "mira@test.com")).json()["user"]["token"]
    assert (await conduit.ask("PUT", "/user", mine, json={"user": {"password": NEW}})).status_code == 200
    assert (await conduit.ask("GET", "/user", other)).status_code == 401
    assert (await conduit.ask("GET", "/user", mine)).status_code == 200
    assert (await enter(conduit, "mira@test.com")).status_code == 401
    assert (await enter(conduit, "mira@test.com", NEW)).status_code == 200


async def test_another_address_is_told_to_the_old_one_and_confirmed_at_the_new_one(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as mira:
        user = {"username": "mira", "email": "old@conduit.example", "password": PASSWORD}
        token = (await mira.post("/api/users", json={"user": user})).json()["user"]["token"]
        first = next(letter for letter in await letters(guard) if letter.to == "old@conduit.example").links[0]
        header = {"authorization": f"Token {token}"}
        moved = await mira.put("/api/user", json={"user": {"email": "new@conduit.example"}}, headers=header)
        assert moved.json()["user"]["email"] == "new@conduit.example"
        sent = [(letter.to, "token=" in letter.text) for letter in await letters(guard)][:2]
        assert set(sent) == {("old@conduit.example", False), ("new@conduit.example", True)}
        path, _, gone = first.removeprefix("https://localhost").partition("?token=")
        assert (await mira.send_form(path, token=gone)).status_code == 410, "what was sent to the old address opens nothing"
        assert (await mira.open_link("new@conduit.example", password=PASSWORD)).headers["location"] == "/login"


async def test_an_address_of_somebody_else_cannot_be_taken_over(conduit: Inside) -> None:
    await conduit.join("mira")
    tom = await conduit.join("tom")
    answer = await conduit.ask("PUT", "/user", tom, json={"user": {"email": "MIRA@test.com"}})
    assert (answer.status_code, answer.json()) == (409, {"errors": {"email": ["has already been taken"]}})
    assert (await conduit.ask("GET", "/user", tom)).json()["user"]["email"] == "tom@test.com"


async def test_who_has_a_second_factor_is_sent_to_the_site_for_a_token(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as mira:
        await mira.sign_up("mira")

        async def with_app(visit: Visit, person: Person) -> str:
            begun = await totp.begin(visit, person)
            await totp.confirm(visit, person, begun.id, TOTP(begun.secret).at(visit.site.clock.now()))
            return (await personal.make(visit, person, "A script", ["articles:write", "articles:read"]))[0]

        token = await act(mira, "mira", with_app)
        answer = await enter(mira, "mira@conduit.example")
        assert answer.status_code == 403
        assert "make a token on the site" in answer.json()["errors"]["secondFactor"][0]
        header = {"authorization": f"Token {token}"}
        article = {"article": {"title": "By a script", "description": "d", "body": "b"}}
        written = await mira.post("/api/articles", json=article, headers=header)
        assert written.status_code == 201
        assert (await mira.get("/api/articles", headers=header)).json()["articlesCount"] == 1
        slug = written.json()["article"]["slug"]
        for method, path, body in (
            ("GET", "/api/user", None),
            ("POST", f"/api/articles/{slug}/comments", {"comment": {"body": "c"}}),
            ("POST", "/api/profiles/mira/follow", None),
        ):
            answer = await mira.request(method, path, json=body, headers=header)
            assert (answer.status_code, list(answer.json()["errors"])) == (403, ["account"]), path
            assert "The token was not made for this." in answer.json()["errors"]["account"][0]
        assert (await mira.delete(f"/api/articles/{slug}", headers=header)).status_code == 204


async def meanwhile(conduit: Inside, monkeypatch: pytest.MonkeyPatch, work: str, **changes: Any) -> None:
    """Let another request change the person while this one waits for a hash."""
    hasher = conduit.parts.accounts.hasher
    real = getattr(hasher, work)

    async def slow(*given: Any) -> Any:
        async with conduit.parts.database.session() as session:
            await session.execute(update(Person).values(**changes))
            await session.commit()
        return await real(*given)

    monkeypatch.setattr(hasher, work, slow)


async def test_an_address_that_is_confirmed_meanwhile_counts(conduit: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    token = await conduit.join("mira")
    await meanwhile(conduit, monkeypatch, "hash", email_verified_at=now())
    answer = await conduit.ask("PUT", "/user", token, json={"user": {"email": "thief@test.com", "password": NEW}})
    assert (answer.status_code, answer.json()) == (403, {"errors": {"email": [BY_HAND]}})
    assert (await conduit.ask("GET", "/user", token)).json()["user"]["email"] == "mira@test.com"


async def test_a_password_that_is_replaced_meanwhile_lets_nobody_in(conduit: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    await conduit.join("mira")
    await meanwhile(conduit, monkeypatch, "verify", password_hash="another one", password_changed_at=now())
    assert (await enter(conduit, "mira@test.com")).status_code == 401


async def test_nothing_is_kept_of_refresh_tokens_that_nobody_gets(conduit: Inside) -> None:
    """The contract hands out none; Buckler keeps the hash of one, which is of no use to anybody."""
    await conduit.join("mira")
    async with conduit.parts.database.session() as session:
        assert len((await session.scalars(select(RefreshToken))).all()) == 1
