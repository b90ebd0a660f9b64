"""Templates of accounts: escaped, strict, in layers, and nothing said that is not there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from jinja2 import TemplateNotFound, TemplateSyntaxError, UndefinedError

from buckler.accounts.problems import AccountError, Problem
from buckler.accounts.render import Renderer
from buckler.accounts.texts import Texts
from buckler.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


def renderer(folder: Path, *, words: str = "", reload: bool = False, **pages: str) -> Renderer:
    (folder / "words").mkdir(parents=True, exist_ok=True)
    (folder / "words" / "en.toml").write_text(words, encoding="utf-8")
    (folder / "pages").mkdir(exist_ok=True)
    for name, text in pages.items():
        (folder / "pages" / f"{name}.html").write_text(text, encoding="utf-8")
    return Renderer([folder], Texts([folder]), reload=reload)


def test_every_text_that_our_templates_say_is_there() -> None:
    Renderer((), Texts()).check()


def test_values_and_texts_are_escaped(tmp_path: Path) -> None:
    made = renderer(tmp_path, words='[own]\nhello = "Tom & {name}"', a='<p title="{{ title }}">{{ say("own.hello", name=name) }}</p>')
    page = made.text("pages/a.html", "en", name="<script>", title='"><img>')
    assert page == '<p title="&#34;&gt;&lt;img&gt;">Tom &amp; &lt;script&gt;</p>'


def test_what_every_template_has(tmp_path: Path) -> None:
    wrong = AccountError(Problem("account.test_wrong", 401, "Wrong.", "Try {count} more."), count=2)
    page = '{{ language }}|{{ say("language.name") }}|{{ lines("time.months")[0] }}|{{ when(at) }}|{{ problem(error)[1] }}'
    made = renderer(tmp_path, a=page)
    said = made.text("pages/a.html", "de-AT", at=datetime(2026, 1, 2, 3, 4, tzinfo=UTC), error=wrong)
    assert said == "de|Deutsch|Januar|2. Januar 2026, 03:04 Uhr (UTC)|Try 2 more."
    assert made.text("pages/a.html", "fr", at=datetime(2026, 1, 2, tzinfo=UTC), error=wrong).startswith("en|English")


def test_a_value_takes_no_functions_place(tmp_path: Path) -> None:
    made = renderer(tmp_path, a='{{ say("language.name") }}{{ language }}')
    assert made.text("pages/a.html", "en", say="x", language="y") == "Englishen"


def test_a_misspelt_variable_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UndefinedError):
        renderer(tmp_path, a="{{ nmae }}").text("pages/a.html", "en", name="Eva")


def test_the_first_of_several_that_exists(tmp_path: Path) -> None:
    made = renderer(tmp_path, a="A", b="B")
    assert made.text(["pages/none.html", "pages/b.html", "pages/a.html"], "en") == "B"
    with pytest.raises(TemplateNotFound):
        made.text(["pages/none.html"], "en")


def test_an_applications_template_can_build_on_ours(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "layout.txt").write_text('Top\n{% include "buckler/letters/layout.txt" %}', encoding="utf-8")
    made = renderer(tmp_path)
    empty = {"code": "", "link": "", "facts": [], "warning": "", "paragraphs": ["One & all"], "button": ""}
    page = made.text("letters/layout.txt", "en", greeting="Hello,", site="Shop", footer="Bye", **empty)
    assert page.split() == ["Top", "Hello,", "One", "&", "all", "Shop", "Bye"]


@pytest.mark.parametrize("name", ["../words/en.toml", "/etc/passwd", "pages/../../x.html"])
def test_no_template_is_outside_its_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(TemplateNotFound):
        renderer(tmp_path / "templates").text(name, "en")


@pytest.mark.parametrize("page", ['{{ say("own.lost") }}', '<p>{% if x %}{{ lines("own.lost", name=x) }}{% endif %}'])
def test_a_text_that_is_missing_shows_before_anybody_asks(tmp_path: Path, page: str) -> None:
    with pytest.raises(ConfigError, match=r"own\.lost"):
        renderer(tmp_path, a=page).check()


def test_what_only_looks_like_a_text_is_left_alone(tmp_path: Path) -> None:
    renderer(tmp_path, a='{{ say(key) }}{{ x.say("own.lost") }}{{ tell("own.lost") }}{{ say() }}').check()


def test_a_template_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(TemplateSyntaxError):
        renderer(tmp_path, a="{% if %}").check()


def test_a_changed_file_is_seen_only_where_that_was_asked_for(tmp_path: Path) -> None:
    for reload, seen in ((False, "old"), (True, "new!")):
        made = renderer(tmp_path, a="old", reload=reload)
        assert made.text("pages/a.html", "en") == "old"
        (tmp_path / "pages" / "a.html").write_text("new!", encoding="utf-8")
        assert made.text("pages/a.html", "en") == seen
