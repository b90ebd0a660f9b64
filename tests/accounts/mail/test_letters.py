"""Every kind of letter, in every language, as people read it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import product

import pytest

from buckler.accounts.mail.compose import NEEDED
from tests.accounts.mail.letters import FOLDER, KINDS, message, part, shown
from tests.accounts.mail.office import RENDERER

LANGUAGES = RENDERER.texts.languages
ALL = list(product(KINDS, LANGUAGES))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_letters_are_those_that_were_read_and_found_good(language: str) -> None:
    kept = (FOLDER / f"{language}.txt").read_text(encoding="utf-8")
    assert shown(language) == kept, "read the difference; then: python -m tests.accounts.mail.letters"


def test_every_kind_has_words_and_every_one_with_words_is_a_kind() -> None:
    words = {key.split(".")[1] for key in RENDERER.texts.keys("en") if key.startswith("letters.")} - {"any", "facts"}
    assert words == set(KINDS)
    assert set(NEEDED) <= words


def _values(kind: str) -> list[str]:
    values = [value for name, value in KINDS[kind].items() if name not in {"when", "until", "factor"}]
    return values if kind != "deleted" else []


@pytest.mark.parametrize(("kind", "language"), ALL)
def test_both_parts_say_everything(kind: str, language: str) -> None:
    letter = message(kind, language)
    text, html = part(letter, "plain"), Reader.read(part(letter, "html"))
    for value in _values(kind):
        assert value in text, value
        assert value in html.text, value
    assert html.links == [value for name, value in KINDS[kind].items() if name == "link"]
    assert ("2026" in text) == ("when" in KINDS[kind] or "until" in KINDS[kind])
    for paragraph in text.split("\n\n"):
        for line in paragraph.strip().splitlines():
            assert line.strip() in html.text or ": " in line or line.endswith(":"), line


@pytest.mark.parametrize(("kind", "language"), ALL)
def test_the_html_fetches_nothing_and_runs_nothing(kind: str, language: str) -> None:
    html = part(message(kind, language), "html")
    found = Reader.read(html)
    assert found.language == language
    assert not found.tags & {"script", "img", "link", "iframe", "form", "object", "base", "table", "input", "svg", "video"}
    assert not found.attributes - {"lang", "charset", "name", "content", "class", "href"}  # no style, no src, no onclick
    assert not re.search(r"url\(|@import|expression", html)


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.text, self.language = "", ""
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    @classmethod
    def read(cls, html: str) -> Reader:
        made = cls()
        made.feed(html)
        return made

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.add(tag)
        self.attributes |= set(given)
        if tag == "a":
            self.links.append(given["href"] or "")
        if tag == "html":
            self.language = given["lang"] or ""

    def handle_data(self, data: str) -> None:
        self.text += data
