"""Nobody is led away: `next` (PAST_MISTAKES: CVE-2021-21241, CVE-2021-32618, CVE-2023-49438, GHSA-w2j7-f3c6-g8cw)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.conduit.site.addresses import same_site, segment, sign_in_address
from tests.conduit.site import PASSWORD, Visitor, running

if TYPE_CHECKING:
    from pathlib import Path

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
    "evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r/evil.example",
    "\t//evil.example",
    " //evil.example",
    "\x00//evil.example",
    "/\x00/evil.example",
    "/%2f/evil.example",
    "/%2Fevil.example",
    "/%5cevil.example",
    "/%5Cevil.example",
    "/x//evil.example",
    "/\uff0eevil.example",
    "/\u2028evil",
    "//localhost@evil.example",
    "//localhost.evil.example",
    "/login",
    "/login?next=/login",
    "/register",
    "/logout",
    "/" + "a" * 2_000,
    "//[evil",
]
HERE = [
    "/",
    "/settings",
    "/?feed=following&page=2",
    "/article/a-b#comments",
    "/tag/a%20b",
    "/@mira",
    "/profile/mira?x=https://evil.example",
]


@pytest.mark.parametrize("address", ELSEWHERE)
def test_other_sites_are_refused(address: str) -> None:
    assert same_site(address) == "/"


@pytest.mark.parametrize("address", HERE)
def test_own_pages_are_kept(address: str) -> None:
    assert same_site(address) == address


@given(st.text(alphabet="/\\@:.?#%25fFcC \t\r\n\x00ax;", max_size=14).map(lambda text: "/" + text))
def test_whatever_is_kept_stays_on_the_site(address: str) -> None:
    kept = same_site(address)
    for reading in (kept, kept.replace("\\", "/"), "".join(kept.split())):
        assert urlsplit(urljoin("https://localhost/login", reading)).netloc == "localhost"


def test_addresses_are_quoted() -> None:
    assert segment("a/b ?#%") == "a%2Fb%20%3F%23%25"
    assert sign_in_address("/") == "/login"
    assert sign_in_address("/?feed=following&page=2") == "/login?next=%2F%3Ffeed%3Dfollowing%26page%3D2"


async def test_forms_lead_nowhere_else(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as mira:
        await mira.sign_up("mira")
        path = await mira.publish()
        for address in ("//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example", "@evil.example"):
            favorite = await mira.send_form(f"{path}/favorite", next=address)
            assert favorite.headers["location"] == path
            await mira.send_form("/logout")
            page = await mira.get("/login", params={"next": address})
            assert "evil" not in page.text
            inside = await mira.send_form("/login", email="mira@conduit.example", password=PASSWORD, next=address)
            assert (inside.status_code, inside.headers["location"]) == (303, "/")
        await mira.send_form("/logout")
        inside = await mira.send_form("/login", email="mira@conduit.example", password=PASSWORD, next="/settings")
        assert inside.headers["location"] == "/settings"
        again = await mira.get("/login", params={"next": "/settings"})
        assert (again.status_code, again.headers["location"]) == (303, "/settings")
