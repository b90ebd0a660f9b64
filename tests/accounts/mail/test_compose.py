"""What a letter becomes, whatever is in it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from buckler.accounts.letter import Letter
from buckler.accounts.mail import MailError
from buckler.accounts.mail.compose import Composer, inert
from buckler.accounts.mail.post import recipient
from buckler.accounts.render import Renderer
from buckler.accounts.texts import Texts
from buckler.errors import ConfigError
from tests.accounts.mail.letters import part
from tests.accounts.mail.office import LINK, RENDERER, letter

if TYPE_CHECKING:
    from pathlib import Path

AT = datetime(2026, 7, 14, 12, 5, 6, tzinfo=UTC)
COMPOSER = Composer("Shop", "accounts@shop.example", RENDERER)


def test_the_headers() -> None:
    message = COMPOSER.compose(letter(language="de"), AT)
    assert message["From"] == "Shop <accounts@shop.example>"
    assert message["To"] == "eva@mail.example"
    assert message["Date"].datetime == AT.replace(microsecond=0)
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "de"
    assert re.fullmatch(r"<[0-9a-f]{32}@shop\.example>", message["Message-ID"])
    assert message.get_content_type() == "multipart/alternative"
    assert [item.get_content_type() for item in message.iter_parts()] == ["text/plain", "text/html"]
    assert not [name for name in message if name.lower().startswith(("list-", "x-mailer"))]


def test_two_letters_have_two_ids() -> None:
    assert COMPOSER.compose(letter(), AT)["Message-ID"] != COMPOSER.compose(letter(), AT)["Message-ID"]


def test_the_link_is_whole_in_the_text_and_escaped_once_in_html() -> None:
    message = COMPOSER.compose(letter(), AT)
    assert f"\n{LINK}\n" in part(message, "plain")
    assert f'href="{LINK.replace("&", "&amp;")}"' in part(message, "html")


def test_lines_are_short_enough_for_every_mail_server() -> None:
    """RFC 5321, section 4.5.3.1.6: 1000 octets with the line's end."""
    raw = COMPOSER.compose(letter(link=LINK + "a" * 2000), AT).as_bytes()
    assert max(map(len, raw.splitlines())) <= 78


def test_a_language_that_nobody_speaks_here_is_english() -> None:
    message = COMPOSER.compose(letter(language="fr"), AT)
    assert message["Content-Language"] == "en"
    assert message["Subject"] == "Confirm your address for Shop"
    assert COMPOSER.compose(letter(language="de-AT"), AT)["Content-Language"] == "de"


@pytest.mark.parametrize("name", ["Shop\r\nBcc: mallory@evil.example", "  Shop\n\n"])
def test_a_line_break_in_the_name_of_the_site_is_a_space(name: str) -> None:
    message = Composer(name, "accounts@shop.example", RENDERER).compose(letter(), AT)
    assert message["Bcc"] is None
    assert message["Subject"].startswith("Confirm your address for Shop")


def test_the_sender_may_have_a_name() -> None:
    message = Composer("Shop", "Die Grüße GmbH <post@shop.example>", RENDERER).compose(letter(), AT)
    assert message["From"].addresses[0].display_name == "Die Grüße GmbH"


@pytest.mark.parametrize("sender", ["", "shop", "a@b@c", "Shop <>", "a b@shop.example", "a@shop.example\r\nBcc: x@evil.example"])
def test_a_sender_that_is_no_address(sender: str) -> None:
    with pytest.raises(ConfigError, match=r"Accounts\.sender"):
        Composer("Shop", sender, RENDERER)


def test_a_domain_beyond_ascii_travels_as_mail_servers_read_it() -> None:
    """IDNA 2008: the older one of the standard library would send straße.example's mail to strasse.example."""
    message = Composer("Shop", "post@bücher.example", RENDERER).compose(letter(to="eva@straße.example"), AT)
    assert recipient(message) == "eva@xn--strae-oqa.example"
    assert message["Message-ID"].endswith("@xn--bcher-kva.example>")
    assert recipient(COMPOSER.compose(letter(to="jörg@mail.example"), AT)) == "jörg@mail.example"


@pytest.mark.parametrize(
    "to",
    [
        "",
        "eva",
        "eva@",
        "@mail.example",
        "a b@mail.example",
        "eva@mail.example\r\nBcc: x@evil.example",
        '"a@b"@mail.example',
        "a@b,c@d",
        "é@-ü.example",
    ],
)
def test_an_address_that_is_none(to: str) -> None:
    with pytest.raises(MailError) as failure:
        COMPOSER.compose(letter(to=to), AT)
    assert (failure.value.reason, failure.value.lasting) == ("address", True)


def test_a_message_without_a_recipient() -> None:
    message = COMPOSER.compose(letter(), AT)
    del message["To"]
    with pytest.raises(MailError):
        recipient(message)


HEADERS = set(b"from to subject date message-id x-letter auto-submitted mime-version content-type content-language".split())


@given(st.text(max_size=60))
def test_no_address_makes_a_header_or_a_second_recipient(to: str) -> None:
    try:
        message = COMPOSER.compose(letter(to=to), AT)
    except MailError:
        return
    assert recipient(message)
    assert message["Bcc"] is None
    head = message.as_bytes().partition(b"\n\n")[0]
    assert {line.split(b":")[0].lower() for line in head.splitlines() if not line.startswith((b" ", b"\t"))} == HEADERS


@pytest.mark.parametrize("kind", ["verify", "reset", "email_change"])
def test_a_letter_that_lacks_what_it_is_for(kind: str) -> None:
    with pytest.raises(ValueError, match="needs link"):
        COMPOSER.compose(Letter(kind, "eva@mail.example", "en"), AT)


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "//evil.example", "https://a b", 'https://a"onclick=x', "ftp://a/b", "https://a\nb"]
)
def test_a_link_that_leads_to_no_page(link: str) -> None:
    with pytest.raises(ValueError, match="no address of a page"):
        COMPOSER.compose(letter(link=link), AT)


def test_without_a_link_there_is_no_button() -> None:
    html = part(COMPOSER.compose(Letter("password_changed", "eva@mail.example", "en"), AT), "html")
    assert "<a" not in html
    assert "If the button" not in html


def test_a_link_without_a_button_is_not_shown() -> None:
    message = COMPOSER.compose(letter("deleted"), AT)
    assert LINK not in part(message, "plain")
    assert LINK.replace("&", "&amp;") not in part(message, "html")


HOSTILE = "<b>hi</b> http://evil.example/x www.evil.example eva@evil.example {site} {{ 7*7 }}\r\nBcc: x\x1b[31m\u202e"


@pytest.mark.parametrize("name", ["name", "agent", "scopes", "provider"])
def test_what_a_stranger_chose_is_words_and_nothing_else(name: str) -> None:
    """Whoever names a browser or a token must not write to its owner, or to others, in our name."""
    message = COMPOSER.compose(Letter("new_device", "eva@mail.example", "en", {name: HOSTILE}), AT)
    text, html = part(message, "plain"), part(message, "html")
    assert "evil.example" not in text + html
    assert "://" not in text
    assert "<b>" not in html
    assert "&lt;b&gt;hi" in html
    assert "{site} {{ 7*7" in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    (line,) = [line for line in text.splitlines() if "hi</b>" in line]
    assert len(line) < 140


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Firefox 140.0 on Linux", "Firefox 140.0 on Linux"),
        ("backup.py", "backup·py"),
        ("See you...", "See you..."),
        ("evil\uff0eexample evil\u3002example evil\uff61example", "evil·example evil·example evil·example"),
        ("https://evil.example", "https evil·example"),
        ("me@evil.example", "me evil·example"),
        ("   ", ""),
        ("x" * 500, "x" * 100),
    ],
)
def test_inert_words(said: str, shown: str) -> None:
    assert inert(said) == shown


@given(st.text(max_size=200))
def test_inert_words_are_one_printable_line_without_an_address(text: str) -> None:
    made = inert(text)
    assert made.isprintable()
    assert "://" not in made
    assert "@" not in made
    assert not re.search(r"\.[^\W\d]", made)


def test_other_facts_are_cut_too() -> None:
    text = part(COMPOSER.compose(Letter("new_device", "eva@mail.example", "en", {"address": "1\n" * 1000}), AT), "plain")
    assert "1 1 1" in text
    assert "1 " * 200 not in text


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        ("Firefox on Linux", "Firefox on Linux"),
        ("harbour-app/2.1 (evil.example)", "harbour-app/2.1 (evil·example)"),
    ],
)
def test_a_browser_is_named_in_words(agent: str, said: str) -> None:
    text = part(COMPOSER.compose(Letter("new_device", "eva@mail.example", "en", {"agent": agent}), AT), "plain")
    assert f"Browser or program: {said}\n" in text


def test_times_are_said_in_the_language() -> None:
    values = {"when": "2026-07-14T14:05:00+02:00"}
    for language, said in (("en", "14 July 2026, 12:05 UTC"), ("de", "14. Juli 2026, 12:05 Uhr (UTC)")):
        assert said in part(COMPOSER.compose(Letter("new_device", "eva@mail.example", language, values), AT), "plain")


def test_a_factor_of_the_application_is_shown_as_it_is_called() -> None:
    for factor, said in (("totp", "Authenticator-App"), ("smart card", "smart card")):
        text = part(COMPOSER.compose(Letter("factor_added", "eva@mail.example", "de", {"factor": factor}), AT), "plain")
        assert f"Was: {said}\n" in text


def _own(folder: Path, **files: str) -> Composer:
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_DOT_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return Composer("Shop", "accounts@shop.example", Renderer([folder], Texts([folder])))


def test_an_application_writes_one_kind_in_its_own_way(tmp_path: Path) -> None:
    composer = _own(
        tmp_path,
        words__en_DOT_toml='[letters.reset]\nsubject = "Forgot?"\n',
        letters__reset_DOT_html='<p>{{ subject }}</p><a href="{{ link }}">{{ button }}</a>',
    )
    message = composer.compose(letter("reset"), AT)
    assert message["Subject"] == "Forgot?"
    assert part(message, "html").strip() == f'<p>Forgot?</p><a href="{LINK.replace("&", "&amp;")}">Choose a new password</a>'
    assert "Choose a new password" in part(message, "plain")
    assert composer.compose(letter("reset", language="de"), AT)["Subject"] == "Wählen Sie ein neues Passwort für Shop"


def test_an_application_has_letters_of_its_own(tmp_path: Path) -> None:
    composer = _own(tmp_path, words__en_DOT_toml='[letters.invoice]\nsubject = "Your invoice"\nlines = ["It is paid."]\nbutton = "See"\n')
    message = composer.compose(letter("invoice"), AT)
    assert message["Subject"] == "Your invoice"
    assert "It is paid." in part(message, "plain")


def test_a_misspelt_variable_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UndefinedError):
        _own(tmp_path, letters__layout_DOT_html="{{ subjekt }}").compose(letter(), AT)
