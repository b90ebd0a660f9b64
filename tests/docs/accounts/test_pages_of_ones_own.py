"""docs/accounts/pages.md: texts, a language, the frame and one page, as the page's blocks say."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from buckler.accounts.texts import Texts
from buckler.errors import ConfigError
from tests.docs.accounts.laid_out import Served, lay_out
from tests.docs.pages import blocks

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "docs/accounts/pages.md"
START = "docs/accounts/start.md"
SERVE = """
from fastapi import FastAPI

from buckler import Guard
from buckler.frameworks.fastapi.accounts import add_accounts
from shop import lifespan

api = FastAPI(lifespan=lifespan)
add_accounts(api, accounts)
app = Guard(api, development=True)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lay_out(START, tmp_path)
    ours, (english, french), (frame, sign_in) = tmp_path / "ours", blocks(PAGE, "toml"), blocks(PAGE, "html")
    (ours / "words").mkdir(parents=True)
    (ours / "pages" / "static").mkdir(parents=True)
    for name, text in {
        "words/en.toml": english,
        "words/fr.toml": french,
        "pages/layout.html": frame,
        "pages/sign_in.html": sign_in,
        "pages/static/ours.css": ":root { --account-accent: teal; }",
    }.items():
        (ours / name).write_text(text, "utf-8")
    (code,) = blocks(PAGE, "python")
    (tmp_path / "our_site.py").write_text(code + SERVE, "utf-8")
    return tmp_path


def test_texts_language_frame_and_page_are_ones_own(folder: Path) -> None:
    with Served(folder, "our_site") as served:
        visitor = served.visitor()
        page = visitor.open("/account/sign-in").answer.text
        assert "<h1>Welcome back</h1>" in page
        assert "<title>Welcome back \N{EN DASH} Shop</title>" in page
        assert '<nav><a href="/">The shop</a></nav>' in page
        assert '<p class="note">On 1 December we are closed.</p>' in page
        style = next(part for part in page.split('"') if part.endswith("/ours.css"))
        assert "teal" in visitor.open(style).answer.text
        wrong = visitor.open("/account/sign-in").press("Sign in", email="mira@mail.example", password="not hers")
        assert "Check both. Is Caps Lock on?" in wrong.answer.text
        french = served.visitor("fr-CA").open("/account/sign-in").answer.text
        assert '<html lang="fr">' in french
        assert "<h1>Connexion</h1>" in french
        assert "Se connecter" in french
        assert "Password" in french  # what French lacks is said in English


def test_the_letter_has_its_own_subject(folder: Path) -> None:
    texts = Texts([folder / "ours"])
    assert texts.say("en", "letters.verify.subject", site="Shop") == "One step left at Shop"
    assert texts.languages == ("en", "de", "fr")


def test_a_text_that_does_not_exist_stops_the_start(folder: Path) -> None:
    file = folder / "ours" / "words" / "fr.toml"
    file.write_text(file.read_text("utf-8") + 'titel = "Connexion"\n', "utf-8")
    with pytest.raises(ConfigError, match=r"pages\.sign_in\.titel"):
        Texts([folder / "ours"])


def test_the_keys_of_the_page_are_those_of_buckler() -> None:
    known = Texts()
    for block in blocks(PAGE, "toml"):
        words = tomllib.loads(block)
        for part in ("pages", "letters"):
            for name, table in words.get(part, {}).items():
                assert all(f"{part}.{name}.{key}" in known for key in table)
