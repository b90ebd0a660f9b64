"""Texts: every language says what English says; an application's own words come first; the browser's wish is understood."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.accounts.problems import AccountError, Problem
from buckler.accounts.texts import Texts, places
from buckler.errors import ConfigError
from tools.docs import source

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = Texts()
OTHERS = [language for language in TEXTS.languages if language != "en"]


# All of the source, those of pages and of the API too, which stand above accounts.
PROBLEMS = {found.code: Problem(found.code, found.status, found.title, found.fix) for found in source.problems()}


def own(folder: Path, **languages: str) -> Path:
    (folder / "words").mkdir(parents=True)
    for language, text in languages.items():
        (folder / "words" / f"{language.replace('_', '-')}.toml").write_text(text, encoding="utf-8")
    return folder


# ---- our own words


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_has_the_same_texts_with_the_same_places(language: str) -> None:
    english, other = TEXTS.keys("en"), TEXTS.keys(language)
    assert set(english) == {key for key in other if not key.startswith("problems.")}
    for key, text in english.items():
        assert places(other[key]) == places(text), key
        if isinstance(text, list):
            assert len(other[key]) == len(text), key


@pytest.mark.parametrize("language", OTHERS)
def test_every_problem_has_words_in_every_language(language: str) -> None:
    words = {key: text for key, text in TEXTS.keys(language).items() if key.startswith("problems.")}
    wanted = {f"problems.{code.removeprefix('account.')}.{part}" for code in PROBLEMS for part in ("title", "fix")}
    assert not wanted - set(words), "say it in the other language too"
    assert not set(words) - wanted, "there is no such problem any more"
    for code, problem in PROBLEMS.items():
        name = f"problems.{code.removeprefix('account.')}"
        filled = places(words[f"{name}.title"]) | places(words[f"{name}.fix"])
        assert filled == places(problem.title) | places(problem.fix), code


def test_codes_are_unique_and_spelt_alike() -> None:
    assert len(PROBLEMS) > 5
    for code in PROBLEMS:
        assert re.fullmatch(r"account\.[a-z]+(_[a-z]+)*", code), code


def test_german_is_formal() -> None:
    for key, text in TEXTS.keys("de").items():
        words = set(re.findall(r"\w+", text if isinstance(text, str) else " ".join(text)))
        assert not words & {"du", "Du", "dein", "deine", "Dein", "Deine", "dir", "dich", "ihr"}, key


# ---- saying


def test_a_text_is_filled_and_stays_plain() -> None:
    assert TEXTS.say("de", "letters.verify.subject", site="<b>{x}</b>") == "Bestätigen Sie Ihre Adresse für <b>{x}</b>"
    assert TEXTS.lines("en", "letters.code.lines", site="Shop")[0].startswith("Type in this code at Shop")


def test_a_value_may_be_called_anything() -> None:
    assert TEXTS.say("en", "letters.verify.subject", site="a", language="b", key="c").endswith(" a")


def test_a_value_that_is_missing() -> None:
    with pytest.raises(KeyError, match="site"):
        TEXTS.say("en", "letters.verify.subject")


@pytest.mark.parametrize("key", ["letters.verify.subjekt", "letters.verify", ""])
def test_an_unknown_text(key: str) -> None:
    assert key not in TEXTS
    with pytest.raises(ConfigError, match=r"words/en\.toml has no such text"):
        TEXTS.say("de", key)


def test_a_list_is_no_text_and_a_text_no_list() -> None:
    with pytest.raises(ConfigError, match="ask for its lines"):
        TEXTS.say("en", "time.months")
    with pytest.raises(ConfigError, match="say it"):
        TEXTS.lines("en", "time.pattern")


def test_what_a_language_lacks_is_said_in_english(tmp_path: Path) -> None:
    texts = Texts([own(tmp_path, fr='[language]\nname = "Français"')])
    assert texts.languages == ("en", "de", "fr")
    assert texts.say("fr", "language.name") == "Français"
    assert texts.say("fr-CA", "letters.any.greeting") == "Hello,"


def test_times() -> None:
    at = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
    assert TEXTS.when("en", at) == "4 March 2026, 05:06 UTC"
    assert TEXTS.when("de", at) == "4. März 2026, 05:06 Uhr (UTC)"


# ---- problems

SHORT = Problem("account.test_short", 422, "It has {count} letters.", "Give it {least}.")


def test_a_problem_without_words_is_said_in_english() -> None:
    error = AccountError(SHORT, count=3, least=8)
    assert TEXTS.problem("de", error) == ("It has 3 letters.", "Give it 8.")


def test_a_problem_in_the_words_of_the_application(tmp_path: Path) -> None:
    words = '[problems.test_short]\ntitle = "Zu kurz: {count}"\n'
    texts = Texts([own(tmp_path, de=words, en='[problems.test_short]\nfix = "{least}, please."')])
    error = AccountError(SHORT, count=3, least=8)
    assert texts.problem("de", error) == ("Zu kurz: 3", "8, please.")
    assert texts.problem("en", error) == ("It has 3 letters.", "8, please.")


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=list(PROBLEMS))
def test_every_problem_can_be_said(problem: Problem) -> None:
    values: dict[str, str | int] = dict.fromkeys(places(problem.title) | places(problem.fix), 7)
    error = AccountError(problem, "", retry_s=0.0, **values)
    for language in TEXTS.languages:
        title, fix = TEXTS.problem(language, error)
        assert title
        assert "{" not in title + fix


# ---- an application's own


def test_the_first_folder_wins(tmp_path: Path) -> None:
    first = own(tmp_path / "a", en='[letters.any]\ngreeting = "First,"')
    second = own(tmp_path / "b", en='[letters.any]\ngreeting = "Second,"\n[own]\ntext = "Mine, {name}"')
    texts = Texts([first, second])
    assert texts.say("en", "letters.any.greeting") == "First,"
    assert texts.say("de", "own.text", name="Eva") == "Mine, Eva"


def test_english_that_fills_less_leaves_other_languages_as_they_are(tmp_path: Path) -> None:
    texts = Texts([own(tmp_path, en='[letters.verify]\nsubject = "Confirm"')])
    assert texts.say("en", "letters.verify.subject", site="Shop") == "Confirm"
    assert texts.say("de", "letters.verify.subject", site="Shop").endswith("Shop")


@pytest.mark.parametrize(
    ("language", "text", "named"),
    [
        ("de", '[letters.any]\ngreting = "x"', "letters.any.greting"),
        ("de", '[letters.any]\ngreeting = ["x"]', "English has a list where this has a text"),
        ("de", '[letters.any]\ngreeting = "{sight}"', "letters.any.greeting"),
        ("en", '[letters.any]\ngreeting = "{site.__class__}"', r"\{site\.__class__\}"),
        ("en", '[letters.any]\ngreeting = "{site!r}"', "site"),
        ("en", '[letters.any]\ngreeting = "{site:>99999999}"', "site"),
        ("en", '[letters.any]\ngreeting = "{0}"', "0"),
        ("en", '[letters.any]\ngreeting = "{"', "brace"),
        ("en", "[letters.any]\ngreeting = 3", "a text, or a list of texts"),
        ("en", "[letters.any]\ngreeting = [3]", "a text, or a list of texts"),
        ("en", "[letters", "unreadable"),
        ("deutsch", "", "name it by its language"),
        ("de_", "", "name it by its language"),
    ],
)
def test_files_that_cannot_work(tmp_path: Path, language: str, text: str, named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        Texts([own(tmp_path, **{language: text})])


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    own(tmp_path)
    (tmp_path / "words" / "en.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="unreadable"):
        Texts([tmp_path])


def test_a_folder_without_words_changes_nothing(tmp_path: Path) -> None:
    assert Texts([tmp_path]).keys("en") == Texts().keys("en")


# ---- which language


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("DE-at", "de"),
        ("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", "en"),
        ("fr, de;q=0.3", "de"),
        ("en;q=0.2,de;q=0.21", "de"),
        ("de;q=0", "en"),
        ("de;q=0, *", "en"),
        ("*;q=0.1, de;q=0.2", "de"),
        ("de;q=0.2, *", "en"),
        ("de , en", "de"),
        ("de ; q=1.000 , en;Q=0.999", "de"),
        ("de;q=1.001, en;q=0.1", "en"),
        ("de;q=-1", "en"),
        ("de;q=nan, de;q=inf, de;q=1e3, de;q=٣", "en"),
        ("de;level=1", "en"),
        ("d e, ä, -, de-, ;q=1", "en"),
        (",,, ,de", "de"),
        ("x" * 600 + ",de", "en"),
        ("fr," * 20 + "de", "en"),
        ("fr," * 19 + "de", "de"),
    ],
)
def test_what_the_browser_asks_for(header: str, language: str) -> None:
    assert TEXTS.negotiate(header) == language


@given(st.text(alphabet="de-ENfr*;q=.01 ,\tä\x00", max_size=80))
def test_whatever_is_asked_for_a_language_is_spoken(header: str) -> None:
    assert TEXTS.negotiate(header) in TEXTS.languages


def test_what_the_person_chose_comes_first() -> None:
    assert TEXTS.choose("de", "en") == "en"
    assert TEXTS.choose("de", "fr") == "de"
    assert TEXTS.choose("de") == "de"


def test_the_variety_that_comes_nearest(tmp_path: Path) -> None:
    texts = Texts([own(tmp_path, pt="", pt_BR="", zh_Hant="")])
    assert texts.nearest("pt-br") == "pt-BR"
    assert texts.nearest("pt-PT-x-old") == "pt"
    assert texts.nearest("zh-Hant-TW") == "zh-Hant"
    assert texts.nearest("zh") is None
    assert texts.nearest("../../etc/passwd") is None
