"""Migrations, demo content, settings of connections, requests that meet; on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, event, func, select, text

from buckler.accounts import METADATA, Person
from examples.conduit.app import prepare
from examples.conduit.models import Article, Base, Comment, Favorite, User
from examples.conduit.parts import Parts
from examples.conduit.settings import DEMO_EMAIL, DEMO_PASSWORD, Settings
from tests.conduit.inside import inside

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.conduit.inside import Inside


@pytest.fixture
async def either(tmp_path: Path, database_url: str) -> AsyncIterator[Inside]:
    """Conduit on either database, empty."""
    async with inside(tmp_path, database_url=database_url) as running:
        if not database_url:
            event.listen(running.parts.database.engine.sync_engine, "checkout", _wait_longer)
        yield running


def _wait_longer(connection: Any, *_: object) -> None:
    """Let writers stand in the queue for as long as a busy machine needs; five seconds are for people."""
    connection.cursor().execute("PRAGMA busy_timeout=60000")


async def test_migrations_make_the_tables_of_the_models(either: Inside) -> None:
    def differences(connection: Connection) -> object:
        both: Any = [METADATA, Base.metadata]  # Alembic takes a list, and does not say so
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), both)

    async with either.parts.database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


@asynccontextmanager
async def closing(parts: Parts) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await parts.close()


async def test_content_is_the_same_every_time_and_comes_once(tmp_path: Path, database_url: str) -> None:
    parts = Parts.of(Settings(folder=tmp_path, database_url=database_url, insecure_cheap_passwords=True))
    async with closing(parts):
        await asyncio.gather(*(prepare(parts) for _ in range(4)))  # as many workers do
        await prepare(parts)
        async with parts.database.session() as session:
            counts = [await session.scalar(select(func.count()).select_from(table)) for table in (User, Article, Comment, Favorite)]
            assert counts == [40, 320, 588, 1887]
            newest = await session.scalar(select(Article.title).order_by(Article.created_at.desc()).limit(1))
            assert newest == "Jupiter's moons, one year later"
            able = await session.scalars(select(User.username).join(Person).where(Person.password_hash.is_not(None)))
            assert list(able) == ["demo"], "nobody else can sign in"


async def test_content_is_not_poured_over_somebodys_own(tmp_path: Path) -> None:
    async with inside(tmp_path) as own:
        await own.join("mira")
    async with inside(tmp_path, demo_content=True) as again:
        assert (await again.ask("GET", "/articles")).json()["articlesCount"] == 0


async def test_the_demo_account_signs_in(tmp_path: Path) -> None:
    async with inside(tmp_path, demo_content=True) as conduit:
        answer = await conduit.ask("POST", "/users/login", json={"user": {"email": DEMO_EMAIL, "password": DEMO_PASSWORD}})
        assert answer.status_code == 200
        other = (await conduit.ask("GET", "/articles?limit=1")).json()["articles"][0]["author"]["username"]
        email = f"{other.lower()}@conduit.example"
        assert (await conduit.ask("POST", "/users/login", json={"user": {"email": email, "password": "x"}})).status_code == 401


async def test_sqlite_is_set_up_for_several_workers(conduit: Inside) -> None:
    wanted = {"journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 5000, "synchronous": 1}
    async with conduit.parts.database.engine.connect() as connection:
        assert {name: await connection.scalar(text(f"PRAGMA {name}")) for name in wanted} == wanted


async def test_an_error_of_the_database_keeps_peoples_data_to_itself(either: Inside) -> None:
    async with either.parts.database.engine.connect() as connection:
        with pytest.raises(Exception, match="SQL parameters hidden"):
            await connection.execute(text("SELECT nothing FROM account_person WHERE email = :email"), {"email": "mira@test.com"})


async def test_of_many_who_want_a_name_one_gets_it(either: Inside) -> None:
    person = {"username": "mira", "email": "mira@test.com", "password": "nine green bottles"}
    answers = await asyncio.gather(*(either.ask("POST", "/users", json={"user": person}) for _ in range(8)))
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [201] + [409] * 7
    said = [answer.json()["errors"] for answer in answers if answer.status_code == 409]
    assert all(errors in ({"username": ["has already been taken"]}, {"email": ["has already been taken"]}) for errors in said)


async def test_many_who_write_at_once_all_succeed(either: Inside) -> None:
    """Nobody sees "database is locked"."""
    token = await either.join("mira")
    slug = await either.write(token)
    asks = [either.ask("POST", f"/articles/{slug}/favorite", token) for _ in range(10)]
    asks += [either.ask("POST", f"/articles/{slug}/comments", token, json={"comment": {"body": f"{number}"}}) for number in range(10)]
    asks += [either.ask("PUT", f"/articles/{slug}", token, json={"article": {"body": f"{number}"}}) for number in range(10)]
    answers = await asyncio.gather(*asks)
    assert {answer.status_code for answer in answers} <= {200, 201}
    assert (await either.ask("GET", f"/articles/{slug}")).json()["article"]["favoritesCount"] == 1
    assert len((await either.ask("GET", f"/articles/{slug}/comments")).json()["comments"]) == 10


async def test_what_meets_a_deletion_is_told_so(either: Inside) -> None:
    """An article that goes while others comment on it: they hear 404 or 409, never 500."""
    token = await either.join("mira")
    for _ in range(3):
        slug = await either.write(token, tagList=["a"])
        asks = [either.ask("POST", f"/articles/{slug}/comments", token, json={"comment": {"body": "c"}}) for _ in range(4)]
        asks += [either.ask("PUT", f"/articles/{slug}", token, json={"article": {"tagList": ["b"]}}) for _ in range(3)]
        asks.insert(3, either.ask("DELETE", f"/articles/{slug}", token))
        asks += [either.ask("POST", f"/articles/{slug}/favorite", token) for _ in range(4)]
        assert {answer.status_code for answer in await asyncio.gather(*asks)} <= {200, 201, 204, 404, 409}
