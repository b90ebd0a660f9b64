"""`cookies` beyond its cases: what is added, what is left alone, what is told."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.core.protection import Head
from buckler.errors import ConfigError
from buckler.protections.cookies import Cookies, harden
from tests.requests import request_of, site_of


def dressed(*values: bytes, **options: Any) -> tuple[list[bytes], list[str]]:
    """Return the cookies as they are sent, and the events as `kind mode detail`."""
    site = site_of()
    steps = Cookies(**options).steps(site)
    assert steps.dress is not None
    head = Head(200, [(b"content-type", b"text/html"), *((b"set-cookie", value) for value in values)])
    steps.dress(request_of(), head)
    assert head.headers[0] == (b"content-type", b"text/html")
    return [value for name, value in head.headers if name == b"set-cookie"], [
        f"{event.kind} {event.mode} {event.detail}" for event in site.events.drain()
    ]


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (b"a=1", b"a=1; Secure; SameSite=Lax; HttpOnly"),
        (b"a=1;", b"a=1; Secure; SameSite=Lax; HttpOnly"),
        (b"a=1; path=/x; secure", b"a=1; path=/x; secure; SameSite=Lax; HttpOnly"),
        (b"a=1; SameSite=None; HTTPONLY", b"a=1; SameSite=None; HTTPONLY; Secure"),
        (b"a=1; Secure; HttpOnly; SameSite=Strict", b"a=1; Secure; HttpOnly; SameSite=Strict"),
        (b"__Host-a=1", b"__Host-a=1; Secure; SameSite=Lax; HttpOnly; Path=/"),
        (b"__host-a=1; Path=/", b"__host-a=1; Path=/; Secure; SameSite=Lax; HttpOnly"),
        (b"__Secure-a=1; Domain=shop.example", b"__Secure-a=1; Domain=shop.example; Secure; SameSite=Lax; HttpOnly"),
        (b"a=", b"a=; Secure; SameSite=Lax; HttpOnly"),
        (b'a="1\t2"', b'a="1\t2"; Secure; SameSite=Lax; HttpOnly'),
    ],
)
def test_what_is_missing_is_added_and_what_is_said_stands(given: bytes, sent: bytes) -> None:
    assert dressed(given) == ([sent], [])


def test_a_script_may_read_what_is_named() -> None:
    assert dressed(b"theme=dark", b"b=1", readable=["theme"])[0] == [
        b"theme=dark; Secure; SameSite=Lax",
        b"b=1; Secure; SameSite=Lax; HttpOnly",
    ]
    assert dressed(b"a=1", same_site="Strict")[0] == [b"a=1; Secure; SameSite=Strict; HttpOnly"]


@pytest.mark.parametrize(
    "value", [b"", b"plain", b"=x", b" =__Host-session=x", b"a=1\r\nx: y", b"a=1; Path=/\x00", b"a\x7f=1", b"; Path=/"]
)
def test_what_no_browser_should_get_is_left_out(value: bytes) -> None:
    sent, events = dressed(b"a=1", value)
    assert sent == [b"a=1; Secure; SameSite=Lax; HttpOnly"]
    assert len(events) == 1
    assert events[0].startswith("cookies.dropped note")


@pytest.mark.parametrize("value", [b"__Host-a=1; Domain=shop.example", b"__HOST-a=1; Path=/x", b"__Host-a=1; Path=", b"a=" + b"x" * 4095])
def test_what_browsers_will_not_take_is_told(value: bytes) -> None:
    sent, events = dressed(value)
    assert len(sent) == 1
    assert events == [f"cookies.rejected note {value.partition(b'=')[0].decode()}"]


def test_report_only_changes_nothing_and_tells() -> None:
    values = [b"a=1", b"=x", b"b=1; Secure; HttpOnly; SameSite=Lax"]
    assert dressed(*values, report_only=True) == (values, ["cookies.weak report a", "cookies.dropped report "])


@given(st.binary(max_size=80))
def test_whatever_is_sent_keeps_the_applications_words(value: bytes) -> None:
    sent, fate = harden(value, frozenset(), b"SameSite=Lax")
    if fate == "dropped":
        assert sent == b""
        return
    assert sent.startswith(value.rstrip(b"; "))
    said = {part.partition(b"=")[0].strip().lower() for part in sent.split(b";")[1:]}
    assert {b"secure", b"httponly", b"samesite"} <= said
    assert harden(sent, frozenset(), b"SameSite=Lax")[0] == sent


@pytest.mark.parametrize(
    ("header", "refused"),
    [
        (b"=__Host-session=x", True),
        (b"a=1; =__Host-session=x", True),
        (b"a=1;\t= \t__secure-a=x", True),
        (b"==__Host-a=x", True),
        (b"__Host-session=x", False),
        (b"a=__Host-b", False),
        (b"a==__Host-b", False),
        (b"=x", False),
        (b"=__other", False),
    ],
)
def test_forged_cookies_in_requests(header: bytes, refused: bool) -> None:
    check = Cookies().steps(site_of()).check
    assert check is not None
    assert (check(request_of((b"cookie", header))) is not None) is refused


def test_no_cookie_no_question() -> None:
    check = Cookies().steps(site_of()).check
    assert check is not None
    assert check(request_of()) is None


@pytest.mark.parametrize(
    "options", [{"readable": "theme"}, {"readable": ["a b"]}, {"readable": ["\u00e4"]}, {"same_site": "None"}, {"same_site": "lax"}]
)
def test_settings_that_cannot_work(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="Cookies"):
        Cookies(**options)
