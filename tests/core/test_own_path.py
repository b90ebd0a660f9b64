"""Nobody is led away (CVE-2021-21241, CVE-2021-32618, CVE-2023-49438, GHSA-w2j7-f3c6-g8cw)."""

from __future__ import annotations

from urllib.parse import unquote, urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.core.own_path import MAX_CHARS, own_path

ELSEWHERE = [
    "",
    "https://evil.example",
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/\\/evil.example",
    "/\\\\evil.example",
    "https:evil.example",
    "https:/evil.example",
    "http:///evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "@evil.example",
    ".evil.example",
    "evil.example",
    "?next=/",
    "#here",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r/evil.example",
    "/\r\nlocation: https://evil.example",
    "\t//evil.example",
    " //evil.example",
    "/ /evil.example",
    "\x00//evil.example",
    "/\x00/evil.example",
    "/\x7f/evil.example",
    "/%2f/evil.example",
    "/%2Fevil.example",
    "/%2f%2fevil.example",
    "/%5cevil.example",
    "/%5Cevil.example",
    "/%09/evil.example",
    "/%0d%0alocation:x",
    "/%00",
    "/%252fevil.example",
    "/%25252fevil.example",
    "/%2525252525252fevil.example",
    "/x//evil.example",
    "/x/..//evil.example",
    "/.//evil.example",
    "/x%2f..%2f/evil.example",
    "/\uff0fevil.example",
    "/\uff0eevil.example",
    "/\u2028evil",
    "/\u202eevil",
    "//localhost@evil.example",
    "//localhost.evil.example",
    "//localhost\\@evil.example",
    '/"><script>',
    "/x?y=\\evil",
    "/x#<b>",
    "//[evil",
    "/" + "a" * MAX_CHARS,
]
HERE = [
    "/",
    "/settings",
    "/?feed=following&page=2",
    "/article/a-b#comments",
    "/tag/a%20b",
    "/tag/caf%C3%A9",
    "/tag/100%25",
    "/@mira",
    "/x@evil.example",
    "/a;b=1,2/c:d",
    "/profile/mira?x=https://evil.example",
    "/search?q=a%2f%2fb%0Ac",
    "/" + "a" * (MAX_CHARS - 1),
]


@pytest.mark.parametrize("address", ELSEWHERE)
def test_other_sites_are_refused(address: str) -> None:
    assert own_path(address) == "/"
    assert own_path(address, "/account") == "/account"


@pytest.mark.parametrize("address", HERE)
def test_own_pages_are_kept(address: str) -> None:
    assert own_path(address, "/account") == address


@given(st.text(alphabet="/\\@:.?#%25fFcC \t\r\n\x00ax;", max_size=14).map(lambda text: "/" + text))
def test_whatever_is_kept_stays_on_the_site(address: str) -> None:
    kept = own_path(address)
    path = kept.partition("#")[0].partition("?")[0]
    for reading in (kept, kept.replace("\\", "/"), "".join(kept.split()), unquote(path), unquote(unquote(path)).replace("\\", "/")):
        assert urlsplit(urljoin("https://localhost/login", reading)).netloc == "localhost"


@given(st.text(max_size=40))
def test_any_text_has_an_answer(address: str) -> None:
    assert own_path(address, "/no").startswith("/")
