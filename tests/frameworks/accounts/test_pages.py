"""What holds for every page: headers, rules, files, an application's own templates and texts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from buckler.accounts.mail import MailFolder
from buckler.accounts.texts import OWN, Texts
from buckler.errors import ConfigError
from buckler.frameworks.fastapi.accounts import routes_without_rule
from tests.accounts.stage import EMAIL, PASSWORD
from tests.frameworks.accounts.conftest import shop_at

if TYPE_CHECKING:
    from pathlib import Path

    from tests.frameworks.accounts.shop import Shop

PAGES = [
    "sign-in", "sign-up", "sign-up/sent", "verify?token=x", "reset", "reset/sent", "reset/new?token=x", "verify-address?token=x",
    "email/confirm?token=x", "sign-out",
]  # fmt: skip
WITH_TOKEN = {page for page in PAGES if "token=" in page}


def test_every_route_says_who_may_call(shop: Shop) -> None:
    assert routes_without_rule(shop.app) == ["POST /act"]  # of the tests


@pytest.mark.parametrize("path", PAGES)
async def test_headers_and_frame_of_every_page(shop: Shop, path: str) -> None:
    window = await shop.window(language="de").open(f"/account/{path}")
    headers = window.answer.headers
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == ("no-referrer" if path in WITH_TOKEN else "same-origin")
    assert '<html lang="de">' in window.answer.text
    assert window.answer.text.count("<h1>") == 1
    assert "style=" not in window.answer.text
    assert re.findall(r"<script(?! type=\"module\" nonce=)", window.answer.text) == []
    assert re.search(r"\son\w+=", window.answer.text) is None
    assert "<main" in window.answer.text


async def test_a_visitor_who_only_looks_gets_no_cookie(shop: Shop) -> None:
    window = shop.window()
    for path in PAGES:
        await window.open(f"/account/{path}")
    assert dict(window.client.cookies) == {}


async def test_files_are_kept_for_ever_under_their_own_address(shop: Shop) -> None:
    window = await shop.window().open("/account/sign-in")
    found = re.findall(r'"(/account/static/[0-9a-f]{16}/[a-z.]+)"', window.answer.text)
    assert [path.rpartition("/")[2] for path in found] == ["icon.svg", "account.css", "account.js"]
    kinds = ["image/svg+xml", "text/css; charset=utf-8", "text/javascript; charset=utf-8"]
    for path, kind in zip(found, kinds, strict=True):
        answer = await window.client.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-encoding"] == "gzip"
        plain = await window.client.get(path, headers={"accept-encoding": "identity"})
        assert plain.content == answer.content == (OWN / "pages/static" / path.rpartition("/")[2]).read_bytes()
        assert plain.headers["etag"] != answer.headers["etag"]
        again = await window.client.get(path, headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        old = await window.client.get(path.replace(path.split("/")[3], "0" * 16))
        assert (old.content, old.headers["cache-control"]) == (answer.content, "no-cache")
    for path in ("/account/static/0/nothing.css", "/account/static/0/..%2flayout.html"):
        assert (await window.client.get(path)).status_code in {400, 404}


async def test_an_application_has_its_own_frame_and_words(tmp_path: Path) -> None:
    (tmp_path / "own/pages/static").mkdir(parents=True)
    (tmp_path / "own/words").mkdir()
    main = '<main class="account">{% block main %}{% endblock %}</main>'
    frame = "<title>{% block title %}{% endblock %}</title><nav>{{ request.url.path }}</nav>" + main
    (tmp_path / "own/pages/layout.html").write_text(frame)
    (tmp_path / "own/pages/static/account.css").write_text("/* ours */")
    (tmp_path / "own/words/en.toml").write_text('[pages.sign_in]\ntitle = "Come aboard"\n')
    async with shop_at(tmp_path, folders=[tmp_path / "own"]) as shop:
        window = await shop.window().open("/account/sign-in")
        assert window.page.title == "Come aboard"
        assert "<nav>/account/sign-in</nav>" in window.answer.text
        await window.press("Sign in", email=EMAIL, password=PASSWORD)
        assert window.status == 401


async def test_a_text_that_is_missing_shows_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "own/pages").mkdir(parents=True)
    (tmp_path / "own/pages/sign_in.html").write_text('{{ say("pages.sign_in.nothing") }}')
    with pytest.raises(ConfigError, match="nothing"):
        async with shop_at(tmp_path, folders=[tmp_path / "own"]):
            pass


@pytest.mark.parametrize("development", [True, False])
async def test_letters_are_shown_in_development_alone(tmp_path: Path, development: bool) -> None:
    async with shop_at(tmp_path, development=development, post=MailFolder(tmp_path / "letters")) as shop:
        window = shop.window()
        await window.open("/account/mailbox")
        assert (window.status, "No letters yet." in window.text) == ((200, True) if development else (404, False))
        await window.open("/account/sign-up")
        await window.press("Create account", email=EMAIL, nickname="Mira", password=PASSWORD)
        assert ("See the letters (development)" in window.text) == development
        if development:
            await window.follow("See the letters (development)")
            assert f"To {EMAIL}" in window.text
            await window.open(next(link for link in window.page.links if "token=" in link).removeprefix("https://shop.example"))
            assert (await window.press("Yes, create my account")).text == "Signed in\n"


async def test_where_letters_really_leave_there_is_no_page_for_them(tmp_path: Path) -> None:
    async with shop_at(tmp_path, development=True) as shop:
        assert (await shop.window().open("/account/mailbox")).status == 404


def test_every_page_is_said_in_every_language() -> None:
    texts = Texts()
    english = {key for key in texts.keys("en") if key.startswith("pages.")}
    for language in texts.languages:
        assert english <= set(texts.keys(language)), language
