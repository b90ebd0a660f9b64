"""Step 0002 with people in the tables, there and back, on SQLite and on PostgreSQL."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import text

from examples.conduit.db import Database
from examples.conduit.migrations import upgrade
from tests.conduit.site import PASSWORD, Visitor, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
COUNTED = ("users", "articles", "comments", "favorites", "follows", "article_tags")


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> dict[str, Any]:
    return {"database_url": database_url or f"sqlite+aiosqlite:///{tmp_path / 'conduit.db'}"}


@asynccontextmanager
async def lent(settings: dict[str, Any]) -> AsyncIterator[Database]:
    database = Database(settings["database_url"])
    try:
        yield database
    finally:
        await database.close()


def user(number: int, name: str, email: str, **more: Any) -> dict[str, Any]:
    own = {"id": number, "username": name, "username_key": name.casefold(), "email": email, "email_key": email.casefold()}
    return {**own, "password_hash": None, "credentials_version": 3, "bio": None, "image": None, "created_at": AT, **more}


def rows() -> Iterator[tuple[str, dict[str, Any]]]:
    yield "users", user(1, "Mira", "Mira@conduit.example", password_hash=HASH, bio="Mends nets.")
    yield "users", user(7, "theo", "theo@conduit.example")
    yield "api_tokens", {"digest": b"x" * 32, "user_id": 1, "created_at": AT, "expires_at": AT}
    article = {"slug": "boats", "title": "Boats", "description": "d", "body": "b", "author_id": 1, "created_at": AT, "updated_at": AT}
    yield "articles", {"id": 1, **article}
    yield "comments", {"id": 1, "body": "c", "article_id": 1, "author_id": 7, "created_at": AT, "updated_at": AT}
    yield "favorites", {"user_id": 7, "article_id": 1}
    yield "follows", {"follower_id": 7, "followed_id": 1}
    yield "article_tags", {"article_id": 1, "name": "sea", "position": 0}


async def fill(database: Database, *more: dict[str, Any]) -> None:
    async with database.engine.begin() as connection:
        for table, row in [*rows(), *(("users", one) for one in more)]:
            shown = {key: _kept(value) if _is_sqlite(database) else value for key, value in row.items()}
            insert = f"INSERT INTO {table} ({', '.join(row)}) VALUES (:{', :'.join(row)})"  # noqa: S608  # names of this file
            await connection.execute(text(insert), shown)


def _kept(value: Any) -> Any:
    """As SQLAlchemy writes a time into SQLite."""
    return value.replace(tzinfo=None).isoformat(" ", "microseconds") if isinstance(value, datetime) else value


def _is_sqlite(database: Database) -> bool:
    return database.engine.dialect.name == "sqlite"


async def counted(database: Database) -> dict[str, int]:
    async with database.engine.connect() as connection:
        selects = {table: text(f"SELECT count(*) FROM {table}") for table in COUNTED}  # noqa: S608  # names of this file
        return {table: await connection.scalar(select) or 0 for table, select in selects.items()}


async def asked(database: Database, statement: str) -> list[Any]:
    async with database.engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(statement))]


async def test_people_keep_what_is_theirs_and_sign_in(tmp_path: Path, settings: dict[str, Any]) -> None:
    async with lent(settings) as database:
        await upgrade(database, "0001")
        await fill(database)
        before = await counted(database)
        await upgrade(database)
        assert await counted(database) == before
        joined = "SELECT u.username, p.email, p.email_key, p.email_verified_at, p.password_hash FROM users u JOIN account_person p"
        assert await asked(database, f"{joined} ON p.id = u.person_id ORDER BY u.id") == [
            ("Mira", "Mira@conduit.example", "mira@conduit.example", None, HASH),
            ("theo", "theo@conduit.example", "theo@conduit.example", None, None),
        ]
        await upgrade(database)  # nothing to do
    async with running(tmp_path, **settings) as guard, Visitor(guard) as mira:
        user = {"user": {"email": "mira@conduit.example", "password": PASSWORD}}
        assert (await mira.post("/api/users/login", json=user)).json()["user"]["bio"] == "Mends nets."
        assert (await mira.sign_in("mira")).status_code == 403, "nobody has ever confirmed the address"
        await mira.open_link("Mira@conduit.example", password=PASSWORD)
        assert (await mira.sign_in("mira")).status_code == 303
        assert "Delete Article" in (await mira.get("/article/boats")).text


async def test_there_and_back_again(settings: dict[str, Any]) -> None:
    async with lent(settings) as database:
        await upgrade(database, "0001")
        await fill(database)
        whole = "SELECT id, username, email, email_key, password_hash, bio FROM users ORDER BY id"
        before, numbers = await asked(database, whole), await counted(database)
        await upgrade(database)
        await upgrade(database, "0001")
        assert await asked(database, whole) == before
        assert await counted(database) == numbers
        assert await asked(database, "SELECT count(*) FROM api_tokens") == [(0,)], "tokens do not come back"
        await upgrade(database)
        assert await counted(database) == numbers


async def test_two_spellings_of_one_address_stop_it_before_anything_has_changed(settings: dict[str, Any]) -> None:
    async with lent(settings) as database:
        await upgrade(database, "0001")
        await fill(database, user(9, "twin", "ｔheo@conduit.example"))  # noqa: RUF001  # a full-width letter
        with pytest.raises(RuntimeError, match="one e-mail address in two spellings: 7 and 9"):
            await upgrade(database)
        assert len(await asked(database, "SELECT email FROM users")) == 3
        assert await asked(database, "SELECT version_num FROM alembic_version") == [("0001",)]
        async with database.engine.connect() as connection:
            assert not await connection.run_sync(lambda sync: sync.dialect.has_table(sync, "account_person"))


async def test_what_breaks_in_the_middle_changes_nothing(settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlalchemy.exc import DatabaseError  # noqa: PLC0415  # of this test alone

    async with lent(settings) as database:
        await upgrade(database, "0001")
        await fill(database)
        monkeypatch.setattr("alembic.op.drop_table", lambda _name: (_ for _ in ()).throw(DatabaseError("no", None, Exception("no"))))
        with pytest.raises(DatabaseError):
            await upgrade(database)
        monkeypatch.undo()
        assert await asked(database, "SELECT version_num FROM alembic_version") == [("0001",)]
        async with database.engine.connect() as connection:
            assert not await connection.run_sync(lambda sync: sync.dialect.has_table(sync, "account_person"))
            if _is_sqlite(database):
                assert await connection.scalar(text("PRAGMA foreign_keys")) == 1
        await upgrade(database)
