"""The code of docs/memo.md, run as it stands there."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from buckler.cache.data import Bounds
from buckler.cache.rules import Rules
from buckler.core.clock import HandClock
from buckler.core.request import Request
from buckler.guard.data import Data
from tests.docs.pages import ROOT, blocks

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "docs/memo.md"


class Database:
    """What the page reads from and writes to. `calls` are the names of what was asked."""

    def __init__(self, page: ModuleType) -> None:
        self.page, self.calls, self.down = page, list[Any](), False

    def asked(self, *what: Any) -> None:
        self.calls.append(what)
        if self.down:
            raise ConnectionError("down")

    async def read_article(self, slug: str) -> Any:
        self.asked("article", slug)
        return self.page.Article(slug, "Hello")

    async def read_articles(self, author: str, page: int) -> list[Any]:
        self.asked("articles", author, page)
        return [self.page.Article("a", "A")]

    async def write_article(self, new: Any) -> None:
        self.asked("write", new.slug)

    async def read_redirect(self, path: str) -> str | None:
        self.asked("redirect", path)
        return None

    async def count_unread(self, person: str, folder: str) -> int:
        self.asked("unread", person, folder)
        return len(person)

    async def count_everything(self, year: int) -> dict[str, int]:
        self.asked("everything", year)
        return {"articles": 1}

    async def read_balance(self, account: int) -> int:
        self.asked("balance", account)
        return 100 * account


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """All blocks of the page, as one module. No time passes for its caches: one of them keeps for five seconds."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("buckler.guard.data.SystemClock", HandClock)
    monkeypatch.setenv("KEY", "k" * 32)
    made: Any = ModuleType("a_page")
    monkeypatch.setitem(sys.modules, "a_page", made)
    database = made.database = Database(made)
    for name in dir(database):
        if name.startswith(("read_", "write_", "count_")):
            setattr(made, name, getattr(database, name))
    for block in blocks(PAGE, "python"):
        exec(compile(block, PAGE, "exec"), made.__dict__)  # noqa: S102  # the page's own code is what is tested
    return made


async def test_what_is_kept_is_read_once(page: Any) -> None:
    for _ in range(3):
        assert await page.article("hello") == page.Article("hello", "Hello")
        assert await page.article_from(object(), "hello") == page.Article("hello", "Hello")
        assert await page.articles_by("ann") == [page.Article("a", "A")]
        assert await page.front_page() == [page.Article("a", "A")]
        assert await page.redirect("/old") is None
        assert await page.statistics(2026) == {"articles": 1}
        assert (await page.balance(3)).cents == 300
        assert page.table_of_contents("# A\nb\n# C") == ("# A", "# C")
    assert len(page.database.calls) == 7
    await page.publish(page.Article("hello", "New"), "ann")
    await page.article("hello")
    await page.articles_by("ann")
    assert page.database.calls[7:] == [("write", "hello"), ("article", "hello"), ("articles", "ann", 1)]
    await page.together._shelf._far._store.close()


async def test_each_person_has_their_own(page: Any) -> None:
    for _ in range(2):
        assert await page.unread("ann") == await page.unread("bob") == 3
    assert page.database.calls == [("unread", "ann", "inbox"), ("unread", "bob", "inbox")]
    with pytest.raises(TypeError, match="nobody is signed in"):
        await page.unread("")


async def test_a_request_is_refused_in_the_words_of_the_page(page: Any) -> None:
    with pytest.raises(TypeError) as refused:
        await page.greeting(Request())
    said = "a buckler.core.request.Request belongs to one caller, and what is kept is for everybody; "
    assert said in str(refused.value)
    assert f"`TypeError: … {said}…`" in (ROOT / PAGE).read_text(encoding="utf-8")


def test_the_tables_name_every_option_and_its_default() -> None:
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    bounds, rules = text.split("| option of `memo`")
    assert {name for name in Bounds.__annotations__ if f"`{name}`" not in bounds} == {"space"}  # of caches that share a store
    assert not [name for name in Rules.__dataclass_fields__ if f"`{name}`" not in rules]
    assert Data()._shelf._near_s == float("inf")  # alone, nobody else purges
