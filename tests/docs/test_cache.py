"""docs/cache.md: every block runs, and what the page promises happens."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.docs.pages import blocks


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    names: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("page"))
        for index, block in enumerate(blocks("docs/cache.md", "python")):
            exec(compile(block, f"docs/cache.md[{index}]", "exec"), names)  # noqa: S102  # our own page
    return names


def _visitor(app: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="https://shop.example", headers={"sec-fetch-site": "same-origin", "accept": "*/*"}
    )


async def test_a_page_that_everybody_reads(page: dict[str, Any]) -> None:
    async with _visitor(page["app"]) as visitor:
        first, second = await visitor.get("/articles"), await visitor.get("/articles")
        assert first.json() == second.json() == ["first", "second"]
        assert second.headers["cache-status"].startswith("buckler; hit; ttl=")
        assert second.headers["cache-control"] == "no-cache"
        assert (await visitor.get("/articles", headers={"if-none-match": first.headers["etag"]})).status_code == 304


async def test_what_has_changed_is_forgotten(page: dict[str, Any]) -> None:
    async with _visitor(page["app"]) as visitor:
        await visitor.get("/articles/a")
        assert "hit" in (await visitor.get("/articles/a")).headers["cache-status"]
        assert (await visitor.put("/articles/a")).status_code == 200
        assert "hit" not in (await visitor.get("/articles/a")).headers["cache-status"]


async def test_the_other_routes_answer(page: dict[str, Any]) -> None:
    async with _visitor(page["app"]) as visitor:
        assert (await visitor.get("/dashboard")).json() == {"for": None}
        assert (await visitor.get("/prices")).json() == {"apple": 3}
        assert (await visitor.get("/internal/kept")).json() == []
    async with _visitor(page["site"]) as visitor:
        await visitor.get("/")
        assert "hit" in (await visitor.get("/")).headers["cache-status"]
    async with _visitor(page["elsewhere"]) as visitor:
        await visitor.get("/articles")
        assert "cache-status" not in (await visitor.get("/articles")).headers
    async with _visitor(page["quiet"]) as visitor:
        await visitor.get("/articles")
        assert "hit" in (await visitor.get("/articles")).headers["cache-status"]
