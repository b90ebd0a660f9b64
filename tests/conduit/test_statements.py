"""How many statements each route costs: the same for one row and for many, and each list read by an index.

Who shows a token is looked up once; what asks for a permission asks once more, for the person's roles.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from tests.conduit.inside import inside

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.conduit.inside import Inside

# How many for a stranger; who shows a token costs one more, except where it is not asked for.
READS = {
    "/articles?limit=1": 3,
    "/articles?limit=100": 3,
    "/articles?tag=python&limit=100": 3,
    "/articles?author=demo&limit=100": 3,
    "/articles?favorited=demo&limit=100": 3,
    "/articles?tag=nothing": 1,
    "/articles/{slug}": 2,
    "/articles/{slug}/comments": 2,
    "/profiles/demo": 1,
}


@pytest.fixture
async def full(tmp_path: Path) -> AsyncIterator[Inside]:
    async with inside(tmp_path, demo_content=True) as running:
        yield running


async def test_reading(full: Inside) -> None:
    token = await full.join("reader")
    slug = (await full.ask("GET", "/articles?tag=python")).json()["articles"][0]["slug"]
    for path, expected in READS.items():
        for shown, most in (("", expected), (token, expected + 1)):
            with full.statements() as seen:
                answer = await full.ask("GET", path.format(slug=slug), shown)
            assert answer.status_code == 200, answer.text
            assert len(seen) == most, (path, seen)


async def test_what_strangers_read_again_costs_no_statement(full: Inside) -> None:
    for path, most in (("/tags", 1), ("/articles", 3)):
        for statements in (most, 0):
            with full.statements() as seen:
                assert (await full.ask("GET", path)).status_code == 200
            assert len(seen) == statements, (path, seen)


async def test_the_feed(full: Inside) -> None:
    token = await full.join("reader")
    with full.statements() as seen:
        assert (await full.ask("GET", "/articles/feed", token)).json()["articlesCount"] == 0
    assert len(seen) == 3
    names = {article["author"]["username"] for article in (await full.ask("GET", "/articles?limit=100")).json()["articles"]}
    for name in names:
        await full.ask("POST", f"/profiles/{name}/follow", token)
    with full.statements() as seen:
        answer = (await full.ask("GET", "/articles/feed?limit=100", token)).json()
    assert len(answer["articles"]) == 100
    assert all(article["author"]["following"] for article in answer["articles"])
    assert len(seen) == 5


async def test_lists_are_read_by_indexes(full: Inside) -> None:
    """No list sorts or scans a whole table: the plan of each statement names an index."""
    for path in ("/articles", "/articles?author=demo", "/articles?tag=python", "/articles?favorited=demo"):
        with full.statements() as seen:
            await full.ask("GET", path)
        lists = [statement for statement in seen if "ORDER BY articles.created_at" in statement]
        assert len(lists) == 1
        async with full.parts.database.engine.connect() as connection:
            for statement in seen:
                named = statement
                while "?" in named:
                    named = named.replace("?", "1", 1)
                plan = [str(row[3]) for row in await connection.execute(text(f"EXPLAIN QUERY PLAN {named}"))]
                scans = [line for line in plan if line.startswith("SCAN") and "USING" not in line]
                assert not scans, (path, plan)
                assert not any(
                    "TEMP B-TREE" in line for line in plan if statement in lists and path in {"/articles", "/articles?author=demo"}
                )


async def test_signing_in_and_writing(full: Inside) -> None:
    token = await full.join("reader")
    slug = await full.write(token, tagList=["a", "b", "c"])
    for method, path, body, most in (
        ("GET", "/user", None, 2),
        ("POST", "/users/login", {"user": {"email": "reader@test.com", "password": "nine green bottles"}}, 10),
        ("POST", "/articles", {"article": {"title": "t", "description": "d", "body": "b", "tagList": ["a", "b", "c", "d"]}}, 6),
        ("PUT", f"/articles/{slug}", {"article": {"body": "c"}}, 7),
        ("POST", f"/articles/{slug}/favorite", None, 6),
        ("DELETE", f"/articles/{slug}/favorite", None, 6),
        ("POST", f"/articles/{slug}/comments", {"comment": {"body": "c"}}, 4),
        ("POST", "/profiles/demo/follow", None, 4),
        ("DELETE", f"/articles/{slug}", None, 3),
    ):
        with full.statements() as seen:
            answer = await full.ask(method, path, token if path != "/users/login" else "", json=body)
        assert answer.is_success, answer.text
        assert len(seen) <= most, (method, path, seen)
