"""Hypothesis makes ASGI conversations that no honest server would: never an exception, never a 500, never a head without the
constant headers."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from buckler.core.clock import SystemClock
from buckler.testing import guarded, probe_app

GUARD = guarded(probe_app, clock=SystemClock())
BEHIND_PROXY = guarded(probe_app, clock=SystemClock(), trusted_proxies=["10.0.0.0/8"])
DEVELOPMENT = guarded(probe_app, clock=SystemClock(), development=True)

_TOKEN = st.text("abcdefghijklmnopqrstuvwxyz-_", min_size=1, max_size=20)
_KNOWN_NAMES = st.sampled_from(
    [
        "host", "origin", "sec-fetch-site", "cookie", "content-length", "content-type", "transfer-encoding", "x-forwarded-for",
        "x-forwarded-proto", "x-forwarded-host", "x_forwarded_for", "forwarded", "accept", "authorization", "range", "expect",
        "access-control-request-method", "x-csrf-token",
    ]
)  # fmt: skip
_KNOWN_VALUES = st.sampled_from(
    [
        b"shop.example", b"shop.example:99999", b"a/admin?", b"evil.example", b"null", b"cross-site", b"same-origin", b"chunked",
        b"chunked, chunked", b"5", b"-1", b"5, 5", b"99999999999999999999", b"10.0.0.1", b"unknown", b"for=10.0.0.1;proto=https",
        b'for="[2001:db8::1]:4711"', b"__Host-session=x", b"=__Host-session=x", b"application/json", b"https://shop.example",
        b"multipart/form-data; boundary=x", b"multipart/form-data; boundary=" + b"b" * 400, b"application/x-www-form-urlencoded",
        b"text/html", b"bytes=" + b"0-," * 50, b"", b";;;===", b",,,", b"https",
    ]
)  # fmt: skip
_VALUE = st.one_of(_KNOWN_VALUES, st.binary(max_size=80))
_HEADERS = st.lists(st.tuples(st.one_of(_KNOWN_NAMES, _TOKEN).map(str.encode), _VALUE), max_size=12)
_PATH = st.one_of(
    st.sampled_from(["/", "/write", "/sign-in", "/private", "/upload", "//", "*", "", "@evil.com/", "/a%2fb", "/..", "/\x00", "/é"]),
    st.text(max_size=40),
)
_PIECE = st.one_of(
    st.binary(max_size=60),
    st.sampled_from([b"[" * 5_000, b"a=1&" * 500, b"--x\r\n" * 300, b'{"a":"\\', b'"', b"--x\r\nContent-Disposition: form-data\r\n\r\n"]),
)
_SCOPE = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["http", "http", "http", "websocket"]),
        "method": st.one_of(st.sampled_from(["GET", "HEAD", "POST", "PUT", "OPTIONS", "TRACE", "DELETE"]), st.text(max_size=8)),
        "scheme": st.sampled_from(["http", "https", "https", "https", "ws", "wss", "gopher"]),
        "path": _PATH,
        "raw_path": st.one_of(st.none(), st.binary(max_size=60), _PATH.map(lambda text: text.encode("utf-8", "replace"))),
        "query_string": st.binary(max_size=40),
        "http_version": st.sampled_from(["1.0", "1.1", "1.1", "2", "3"]),
        "client": st.one_of(st.none(), st.tuples(st.sampled_from(["203.0.113.7", "10.0.0.1", "2001:db8::1", "", "?"]), st.just(1))),
        "good_host": st.booleans(),
        "headers": _HEADERS,
    }
)


def _scope(drawn: dict[str, Any]) -> dict[str, Any]:
    headers = [(b"host", b"shop.example"), *drawn["headers"]] if drawn["good_host"] else drawn["headers"]
    scope = {**drawn, "headers": headers, "asgi": {"version": "3.0"}, "root_path": "", "server": None, "state": {}}
    if drawn["type"] == "websocket":
        scope["subprotocols"] = []
        del scope["method"]
    return scope


async def _converse(guard: Any, scope: dict[str, Any], pieces: list[bytes]) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []
    waiting = list(pieces)

    async def receive() -> dict[str, Any]:
        if scope["type"] == "websocket":
            return {"type": "websocket.connect"}
        if not waiting:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await asyncio.wait_for(guard(scope, receive, send), 60)  # or it hangs
    return sent


def _check(guard: Any, drawn: dict[str, Any], pieces: list[bytes]) -> None:
    sent = asyncio.run(_converse(guard, _scope(drawn), pieces))
    assert sent
    if drawn["type"] == "websocket":
        return
    head = sent[0]
    assert head["type"] == "http.response.start"
    assert head["status"] != 500
    names = [name for name, _ in head["headers"]]
    assert {name for name, _ in guard.plan.constant} <= set(names)
    assert all(b"\r" not in value and b"\n" not in value for _, value in head["headers"])
    assert not sent[-1].get("more_body")


_BOUNDS = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@_BOUNDS
@given(_SCOPE, st.lists(_PIECE, max_size=4))
def test_any_scope(drawn: dict[str, Any], pieces: list[bytes]) -> None:
    _check(GUARD, drawn, pieces)


@_BOUNDS
@given(_SCOPE, st.lists(_PIECE, max_size=4))
def test_any_scope_behind_a_proxy(drawn: dict[str, Any], pieces: list[bytes]) -> None:
    drawn["client"] = ("10.0.0.9", 1)
    _check(BEHIND_PROXY, drawn, pieces)


@settings(_BOUNDS, max_examples=100)
@given(_SCOPE, st.lists(_PIECE, max_size=2))
def test_any_scope_in_development(drawn: dict[str, Any], pieces: list[bytes]) -> None:
    _check(DEVELOPMENT, drawn, pieces)
