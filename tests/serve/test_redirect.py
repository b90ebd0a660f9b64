"""The plain port: redirects, and nothing else."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from buckler.serve import redirect
from buckler.serve.ports import bind
from buckler.serve.redirect import Redirector

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


def answer(head: bytes, port: int = 8443) -> bytes:
    with bind("127.0.0.1", 0, 8) as listening:
        return Redirector(listening, port).answer(head)


@pytest.mark.parametrize(
    ("target", "host", "location"),
    [
        (b"/", b"localhost", b"https://localhost:8443/"),
        (b"/a%20b?c=1", b"localhost:8080", b"https://localhost:8443/a%20b?c=1"),
        (b"/", b"[::1]:8080", b"https://[::1]:8443/"),
        (b"/", b"LOCALHOST", b"https://localhost:8443/"),
    ],
)
def test_a_reader_is_sent_on(target: bytes, host: bytes, location: bytes) -> None:
    said = answer(b"GET " + target + b" HTTP/1.1\r\nhost: " + host + b"\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 308 ")
    assert b"\r\nLocation: " + location + b"\r\n" in said


def test_the_usual_port_is_not_named() -> None:
    assert b"Location: https://localhost/x\r\n" in answer(b"HEAD /x HTTP/1.1\r\nHost: localhost\r\n\r\n", 443)


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost@evil.example\r\n\r\n",
        b"GET //evil.example HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET @evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /a\nSet-Cookie:x HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /\x80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\r\n\r\n",
    ],
)
def test_nobody_is_sent_elsewhere(head: bytes) -> None:
    assert answer(head).startswith(b"HTTP/1.1 400 ")
    assert b"Location" not in answer(head)


def test_what_was_sent_in_the_clear_is_not_sent_once_more() -> None:
    assert answer(b"POST /login HTTP/1.1\r\nHost: localhost\r\n\r\n").startswith(b"HTTP/1.1 403 ")


@asynccontextmanager
async def served() -> AsyncIterator[int]:
    listening = bind("127.0.0.1", 0, 8)
    task = asyncio.ensure_future(Redirector(listening, 8443).serve())
    try:
        yield listening.getsockname()[1]
    finally:
        task.cancel()
        await asyncio.wait({task})


async def said_to(port: int, sent: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""  # closed before all of it was read
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def test_over_the_wire(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redirect, "_HEAD_S", 60.0)
    async with served() as port:
        assert (await said_to(port, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")).startswith(b"HTTP/1.1 308 ")


async def test_a_head_that_is_too_long_or_never_ends_is_not_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redirect, "_HEAD_S", 0.05)
    async with served() as port:
        assert await said_to(port, b"GET /" + b"a" * 20_000) == b""
        assert await said_to(port, b"GET / HTTP/1.1\r\n") == b""


async def test_no_more_connections_than_it_can_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redirect, "_MAX_CONNECTIONS", 0)
    async with served() as port:
        assert await said_to(port, b"") == b""
