"""API tokens: hashed at rest, bounded, taken back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select, update

from examples.conduit import tokens
from examples.conduit.models import ApiToken, now
from tests.conduit.inside import PASSWORD

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conduit.inside import Inside


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("conduit.db*"))


async def test_the_database_never_holds_a_token(conduit: Inside, tmp_path: Path) -> None:
    token = await conduit.join("mira")
    kept = everything_in(tmp_path)
    assert tokens.digest_of(token) in kept
    assert token.encode() not in kept
    assert token.removeprefix(tokens.PREFIX).encode() not in kept
    assert PASSWORD.encode() not in kept


async def test_tokens_are_long_and_different(conduit: Inside) -> None:
    found = {await conduit.join(f"mira{number}") for number in range(5)}
    assert len(found) == 5
    assert all(len(token.removeprefix(tokens.PREFIX)) == 43 for token in found), "256 bits in base64"


@pytest.mark.parametrize(
    "header",
    ["Token", "Token ", "Token x", "Basic bWlyYTp4", "x", "Token " + "x" * 10_000, "Token ''--", "Token \xff", "Token conduit_"],
)
async def test_a_bad_token_is_refused_even_where_none_is_needed(conduit: Inside, header: str) -> None:
    """Nobody who shows a token is served as a stranger unnoticed."""
    for path in ("/user", "/articles", "/articles/feed"):
        answer = await conduit.ask("GET", path, headers={"authorization": header.encode("latin-1")})
        assert (answer.status_code, answer.json()) == (401, {"errors": {"token": ["is invalid"]}})
        assert answer.headers["www-authenticate"] == 'Token realm="conduit"'


async def test_an_expired_token_is_none(conduit: Inside) -> None:
    token = await conduit.join("mira")
    async with conduit.parts.database.session() as session:
        await session.execute(update(ApiToken).values(expires_at=now() - timedelta(seconds=1)))
        await session.commit()
    assert (await conduit.ask("GET", "/user", token)).status_code == 401


async def test_a_new_password_takes_back_all_other_tokens(conduit: Inside) -> None:
    mine = await conduit.join("mira")
    others = (await conduit.ask("POST", "/users/login", json={"user": {"email": "mira@test.com", "password": PASSWORD}})).json()
    stolen = others["user"]["token"]
    assert (await conduit.ask("GET", "/user", stolen)).status_code == 200
    assert (await conduit.ask("PUT", "/user", mine, json={"user": {"password": "ten green bottles"}})).status_code == 200
    assert (await conduit.ask("GET", "/user", stolen)).status_code == 401
    assert (await conduit.ask("GET", "/user", mine)).status_code == 200


async def test_the_oldest_token_makes_room(conduit: Inside) -> None:
    first = await conduit.join("mira")
    for _ in range(tokens.MAX_A_USER + 3):
        await conduit.ask("POST", "/users/login", json={"user": {"email": "mira@test.com", "password": PASSWORD}})
    async with conduit.parts.database.session() as session:
        assert await session.scalar(select(func.count()).select_from(ApiToken)) == tokens.MAX_A_USER
    assert (await conduit.ask("GET", "/user", first)).status_code == 401
