"""Plays a case against an ASGI application, in memory: no sockets, real ASGI messages, cookies kept as a browser would."""

from __future__ import annotations

import asyncio
import json
import re
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from buckler.core.case import GAP, Ask, Case, Heard, Place, Target, Transcript
from buckler.core.headers import first

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from buckler.core.clock import HandClock

Message = dict[str, Any]
_TOKEN = re.compile(rb'name="csrf_token" value="([^"]*)"')
_WITNESSED = "buckler.witnessed"  # in the scope of a request that the application was asked
_STALL_S = 10.0  # an application that waits for more than it was sent would hang the player

_BROWSER = (
    ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    ("accept", "application/json"),
    ("accept-language", "en"),
)


class Witness:
    """Stands between guard and application and sees the requests that come through."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        scope[_WITNESSED] = True
        await self.app(scope, receive, send)

    def saw(self, scope: MutableMapping[str, Any]) -> bool:
        """Whether this request has come through."""
        return _WITNESSED in scope


class Player:
    """Plays conversations on one guarded application; `clock` must be the clock of its guard."""

    def __init__(self, app: Any, witness: Witness, target: Target, clock: HandClock) -> None:
        self._app, self._witness, self._target, self._clock = app, witness, target, clock
        self._jars: dict[str, dict[str, str]] = {}
        self._tokens: dict[str, str] = {}
        self._brought: dict[str, str] = {}

    async def play(self, case: Case) -> Transcript:
        """Return every turn's last answer. Jars start empty."""
        self._jars, self._tokens, self._brought = {}, {}, {}
        return [await self.ask(turn) for turn in case.turns]

    async def ask(self, turn: Ask) -> Heard:
        """Play one turn and return its last answer."""
        if turn.takes_cookies_of:
            self._jars[turn.jar] = dict(self._jars.get(turn.takes_cookies_of, {}))
        self._clock.move(turn.after_s)
        for name, text, change in turn.makes:
            self._brought[name] = change((await self._filled(text.encode(), turn)).decode())
        for count in range(turn.times):
            heard = await (self._once(turn, count) if turn.together == 1 else self._crowd(turn))
        self._brought |= {name: _field(heard.body, key) for name, key in turn.keeps}
        return heard

    async def _crowd(self, turn: Ask) -> Heard:
        return (await asyncio.gather(*(self._once(turn, count) for count in range(turn.together))))[-1]

    async def _once(self, turn: Ask, count: int) -> Heard:
        jar = self._jars.setdefault(turn.jar, {})
        client = _nth_address(turn, count)
        body, headers = await self._request(turn, jar, count)
        path = turn.spelled(self._target.paths.get(turn.at, turn.at))
        talk = _Talk(list(turn.chunks) or [body], turn.pause_s, turn.kind)
        scope = _scope(turn, path, headers, client, self._target.host)
        await asyncio.wait_for(self._app(scope, talk.receive, talk.send), _STALL_S)
        _keep_cookies(jar, talk.headers)
        shown = _TOKEN.search(talk.body)
        if shown:
            self._tokens[turn.jar] = shown[1].decode("latin-1")
        return Heard(talk.status, tuple(talk.headers), bytes(talk.body), self._witness.saw(scope), _code(talk))

    async def _request(self, turn: Ask, jar: dict[str, str], count: int) -> tuple[bytes, list[tuple[bytes, bytes]]]:
        body, kind = await self._filled(turn.body, turn, count), ""
        if turn.at == Place.SIGN_IN and not body:
            body, kind = self._target.sign_in_body, self._target.sign_in_type
        named: dict[str, list[bytes]] = {"host": [self._target.host.encode()], **{name: [value.encode()] for name, value in _BROWSER}}
        if body:
            kind = kind or "application/x-www-form-urlencoded"
            named |= {"content-length": [b"%d" % len(body)], "content-type": [kind.encode()]}
        if turn.chunks:
            named["transfer-encoding"] = [b"chunked"]
        if jar:
            named["cookie"] = ["; ".join(f"{name}={value}" for name, value in jar.items()).encode("latin-1")]
        for name, value in turn.headers:
            if value is None:
                named.pop(name, None)
        added = [(name, await self._filled(value.encode("latin-1"), turn, count)) for name, value in turn.headers if value is not None]
        for name in {name for name, _ in added}:
            named[name] = [value for other, value in added if other == name]
        return body, [(name.encode(), value) for name, values in named.items() for value in values]

    async def _filled(self, text: bytes, turn: Ask, count: int = 0) -> bytes:
        """Return the text with everything filled in that has a name; what has none stays as it is."""
        if b"{" not in text:
            return text
        own = {"host": self._target.host, "token": self._tokens.get(turn.form_of or turn.jar, ""), "n": str(count), **self._brought}
        known: dict[bytes, bytes] = {}
        for gap in set(GAP.findall(text)):
            found = own.get(gap.decode(), self._target.fills.get(gap.decode()))
            if found is not None:
                known[gap] = (found if isinstance(found, str) else await found()).encode()
        return GAP.sub(lambda gap: known.get(gap[1], gap[0]), text)


def _nth_address(turn: Ask, count: int) -> str:
    return turn.client if turn.clients == 1 else str(ip_address(turn.client) + count % turn.clients)


def _scope(turn: Ask, path: str, headers: list[tuple[bytes, bytes]], client: str, host: str) -> Message:
    raw, _, query = path.encode("latin-1").partition(b"?")
    scope: Message = {
        "type": turn.kind,
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": turn.http_version,
        "scheme": turn.scheme if turn.kind == "http" else turn.scheme.replace("http", "ws"),
        "path": unquote_to_bytes(raw).decode("utf-8", "replace"),
        "raw_path": raw,
        "query_string": query,
        "root_path": "",
        "headers": headers,
        "client": (client, 50_000),
        "server": (host, 443),
        "state": {},
    }
    own: Message = {"method": turn.method} if turn.kind == "http" else {"subprotocols": []}
    return scope | own


class _Talk:
    """The server's side of one conversation."""

    def __init__(self, pieces: list[bytes], pause_s: float, kind: str) -> None:
        self._pieces, self._pause_s, self._kind = pieces, pause_s, kind
        self._connected = False
        self.status, self.body = 0, bytearray()
        self.headers: list[tuple[bytes, bytes]] = []

    async def receive(self) -> Message:
        if self._kind == "websocket":
            message: Message = {"type": "websocket.disconnect", "code": 1000} if self._connected else {"type": "websocket.connect"}
            self._connected = True
            return message
        if self._pause_s:
            await asyncio.sleep(self._pause_s)
        if not self._pieces:
            await asyncio.sleep(_STALL_S / 2)  # the client leaves before the player gives up
            return {"type": "http.disconnect"}
        piece = self._pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(self._pieces)}

    async def send(self, message: Message) -> None:
        if message["type"] in {"http.response.start", "websocket.accept", "websocket.http.response.start"}:
            self.status = message.get("status", 101)
            self.headers = [(bytes(name).lower(), bytes(value)) for name, value in message.get("headers", ())]
        elif message["type"] == "websocket.close" and not self.status:
            self.status = 403  # what a server answers to a handshake that the application closes
        self.body += message.get("body", b"")


def _keep_cookies(jar: dict[str, str], headers: list[tuple[bytes, bytes]]) -> None:
    for name, value in headers:
        if name == b"set-cookie":
            pair, _, attributes = value.decode("latin-1").partition(";")
            key, _, content = pair.partition("=")
            if "max-age=0" in attributes.lower():
                jar.pop(key, None)
            else:
                jar[key] = content


def _field(body: bytes, name: str) -> str:
    """Return a field of JSON; "" when the answer was another than was hoped for."""
    try:
        told = json.loads(body)
    except ValueError:
        return ""
    return str(told.get(name, "")) if isinstance(told, dict) else ""


def _code(talk: _Talk) -> str:
    if first(talk.headers, b"content-type") != b"application/problem+json":
        return ""
    code = json.loads(bytes(talk.body) or b"{}").get("code", "")
    return str(code)
