"""The client that asks other servers, against real sockets: what a server may do wrong, and what must not leave this machine."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple

import pytest
import trustme

from buckler.accounts.http import Http, wrong_with
from buckler.errors import RemoteError
from tests.calm import hang_up, nobody

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

FULL = b"HTTP/1.1 200 OK\r\ncontent-type: Text/Plain; charset=utf-8\r\ncontent-length: 2\r\n\r\nok"
MAX_BYTES = 1_000
PATIENCE_S = 60.0


class Server(NamedTuple):
    url: str
    asked: list[bytes]


@asynccontextmanager
async def serving(*said: bytes, tls: ssl.SSLContext | None = None, wait_s: float = 0.0) -> AsyncIterator[Server]:
    """A server that answers every request on its socket with the same bytes, the parts `wait_s` apart, and notes what it was asked."""
    asked: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):  # the client went away: often what is tested
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
                asked.append(head + await reader.readexactly(length))
                for part in said:
                    writer.write(part)
                    await writer.drain()
                    await asyncio.sleep(wait_s)
                if b"connection: close" in said[0] or (b"content-length" not in said[0] and b"chunked" not in said[0]):
                    return

    def taken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(talk(reader, writer))
        task.add_done_callback(lambda _: writer.transport.abort())
        tasks.append(task)

    tasks: list[asyncio.Task[None]] = []
    server = await asyncio.start_server(taken, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    try:
        yield Server(f"{'https' if tls else 'http'}://127.0.0.1:{port}/place?secret=1", asked)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await hang_up(server)


@asynccontextmanager
async def client(tls: ssl.SSLContext | None = None) -> AsyncIterator[Http]:
    http = Http(tls=tls, insecure_http_on_loopback=tls is None)
    try:
        yield http
    finally:
        await http.close()


async def test_an_answer_comes_with_its_kind() -> None:
    async with serving(FULL) as server, client() as http:
        answer = await http.ask(server.url, headers={"accept": "text/plain"}, timeout_s=PATIENCE_S)
        assert answer == (200, "text/plain", b"ok")
        assert await http.get(server.url, timeout_s=PATIENCE_S) == b"ok"
    assert server.asked[0].startswith(b"GET /place?secret=1 HTTP/1.1\r\n")
    assert b"accept: text/plain" in server.asked[0].lower()
    assert b"accept-encoding: identity" in server.asked[0].lower()


async def test_a_form_is_posted() -> None:
    async with serving(FULL) as server, client() as http:
        await http.ask(server.url, form={"code": "a b&c"}, timeout_s=PATIENCE_S)
    assert server.asked[0].startswith(b"POST ")
    assert server.asked[0].endswith(b"code=a+b%26c")


BAD = {
    "too_large": b"HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n" + b"x" * 1_001,
    "too_large_without_a_length": b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100_000,
    "too_large_in_chunks": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + (b"64\r\n" + b"x" * 100 + b"\r\n") * 50,
    "cut_off": b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 9\r\n\r\nx",
    "compressed": b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n\x1f\x8b",
    "endless_head": b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 500_000,
    "no_http": b"SSH-2.0-OpenSSH\r\n\r\n",
    "redirect": b"HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n",
    "unknown": b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
    "failed": b"HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n",
}


@pytest.mark.parametrize("said", BAD.values(), ids=BAD)
async def test_what_a_server_does_wrong_is_one_kind_of_error(said: bytes) -> None:
    async with serving(said) as server, client() as http:
        with pytest.raises(RemoteError) as caught:
            await http.get(server.url, max_bytes=MAX_BYTES, timeout_s=PATIENCE_S)
    assert "secret" not in str(caught.value)
    assert len(server.asked) == 1, "a redirect is not followed, and nothing is asked twice"


async def test_exactly_the_bound_is_allowed() -> None:
    async with serving(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n" + b"x" * MAX_BYTES) as server, client() as http:
        assert len(await http.get(server.url, max_bytes=MAX_BYTES, timeout_s=PATIENCE_S)) == MAX_BYTES


async def test_a_redirect_is_an_answer_like_any_other() -> None:
    async with serving(BAD["redirect"]) as server, client() as http:
        assert (await http.ask(server.url, timeout_s=PATIENCE_S)).status == 302
    assert len(server.asked) == 1


async def test_the_time_is_for_the_whole_conversation() -> None:
    """Every part comes well within the limit, and there is no end of them."""
    slow = (b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n", *[b"x"] * 900)
    async with serving(*slow, wait_s=0.02) as server, client() as http:
        with pytest.raises(RemoteError, match=r"took more than 0\.2 s"):
            await http.get(server.url, timeout_s=0.2)


async def test_nobody_listens() -> None:
    with nobody() as port:
        async with client() as http:
            with pytest.raises(RemoteError, match="did not answer"):
                await http.get(f"http://127.0.0.1:{port}/", timeout_s=PATIENCE_S)


async def test_cookies_of_others_are_not_kept() -> None:
    said = FULL.replace(b"\r\n\r\n", b"\r\nset-cookie: a=b; Path=/\r\n\r\n", 1)
    async with serving(said) as server, client() as http:
        await http.get(server.url, timeout_s=PATIENCE_S)
        await http.get(server.url, timeout_s=PATIENCE_S)
    assert len(server.asked) == 2
    assert b"cookie" not in server.asked[1].lower()


async def test_the_environment_leads_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy named by a variable of the machine would see every secret of every form."""
    async with serving(FULL) as server, serving(FULL) as proxy, client() as http:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url.partition("/place")[0])
        await http.get(server.url, timeout_s=PATIENCE_S)
    assert (len(server.asked), len(proxy.asked)) == (1, 0)


async def test_a_client_that_was_closed_begins_anew() -> None:
    async with serving(FULL) as server, client() as http:
        await http.close()
        await http.get(server.url, timeout_s=PATIENCE_S)
        await http.close()
        assert await http.get(server.url, timeout_s=PATIENCE_S) == b"ok"


async def test_the_certificate_is_checked() -> None:
    authority, ours, theirs = trustme.CA(), ssl.create_default_context(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.configure_trust(ours)
    authority.issue_cert("127.0.0.1").configure_cert(theirs)
    async with serving(FULL, tls=theirs) as server:
        async with client(ours) as http:
            assert await http.get(server.url, timeout_s=PATIENCE_S) == b"ok"
        async with client(ssl.create_default_context()) as http:
            with pytest.raises(RemoteError, match="ConnectError"):
                await http.get(server.url, timeout_s=PATIENCE_S)


GOOD = ["https://idp.example", "https://idp.example:8443/realm?x=1", "https://192.0.2.1/"]
NOT_GOOD = [
    "",
    "idp.example",
    "/path",
    "http://idp.example/",
    "ftp://idp.example/",
    "file:///etc/passwd",
    "https://",
    "https:///path",
    "https://user:word@idp.example/",
    "https://idp.example/#part",
    "https://idp.example:port/",
    "https://idp\x00.example/",
    "http://127.0.0.1/",
]


@pytest.mark.parametrize("url", GOOD)
def test_addresses_that_are_asked(url: str) -> None:
    assert not wrong_with(url)


@pytest.mark.parametrize("url", NOT_GOOD)
async def test_addresses_that_are_never_asked(url: str) -> None:
    assert wrong_with(url)
    http = Http()
    with pytest.raises(RemoteError):
        await http.get(url)
    assert http._client is None


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.0.1", "[::1]"])
def test_loopback_without_tls_needs_its_option(host: str) -> None:
    assert wrong_with(f"http://{host}:8080/")
    assert not wrong_with(f"http://{host}:8080/", insecure_http_on_loopback=True)


@pytest.mark.parametrize("host", ["idp.example", "10.0.0.1", "localhost.evil.example", "127.0.0.1.evil.example", "0.0.0.0"])
def test_the_option_is_for_loopback_alone(host: str) -> None:
    assert wrong_with(f"http://{host}/", insecure_http_on_loopback=True)
