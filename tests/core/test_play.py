"""The player is what every proof stands on: it must send what a case says and hear what was answered."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from buckler.core.answer import refusal
from buckler.core.case import Ask, Case, Heard, Place, Target, got_through, served
from buckler.core.clock import HandClock
from buckler.core.play import Player, Witness

TARGET = Target(paths={Place.PAGE: "/", Place.SIGN_IN: "/in", Place.SOCKET: "/ws"}, sign_in_body=b"name=mira")


class Echo:
    """Keeps the scopes and bodies it was given; answers as it is told."""

    def __init__(self, *headers: tuple[bytes, bytes], body: bytes = b"") -> None:
        self.scopes: list[Any] = []
        self.bodies: list[bytes] = []
        self._headers, self._body = list(headers), body

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        if scope["type"] == "websocket":
            first, second = await receive(), await receive()
            assert (first["type"], second["type"]) == ("websocket.connect", "websocket.disconnect")
            await send({"type": "websocket.close" if scope["path"] == "/closed" else "websocket.accept"})
            await send({"type": "websocket.close"})
            return
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message["more_body"]
        self.bodies.append(body)
        await send({"type": "http.response.start", "status": 200, "headers": self._headers})
        await send({"type": "http.response.body", "body": self._body})


async def _play(echo: Echo, *turns: Ask) -> list[Heard]:
    witness = Witness(echo)
    return await Player(witness, witness, TARGET, HandClock()).play(Case(name="x", story="", turns=turns))


async def test_an_ordinary_turn_is_an_ordinary_visitor() -> None:
    echo = Echo()
    heard = await _play(echo, Ask())
    headers = dict(echo.scopes[0]["headers"])
    assert headers[b"host"] == b"shop.example"
    assert b"content-length" not in headers
    assert (heard[0].status, heard[0].reached, echo.scopes[0]["scheme"]) == (200, True, "https")


async def test_headers_are_added_removed_and_repeated() -> None:
    echo = Echo()
    await _play(echo, Ask(headers=(("host", None), ("accept", None), ("x", "1"), ("x", "{host}"), ("none", None))))
    pairs = echo.scopes[0]["headers"]
    assert [value for name, value in pairs if name == b"x"] == [b"1", b"shop.example"]
    assert not [name for name, _ in pairs if name in {b"host", b"accept"}]


async def test_bodies_whole_and_in_chunks() -> None:
    echo = Echo()
    await _play(echo, Ask(body=b"a=1"), Ask(chunks=(b"a", b"b"), pause_s=0.001), Ask(at=Place.SIGN_IN))
    assert echo.bodies == [b"a=1", b"ab", b"name=mira"]
    assert dict(echo.scopes[0]["headers"])[b"content-length"] == b"3"
    assert dict(echo.scopes[1]["headers"])[b"transfer-encoding"] == b"chunked"


async def test_cookies_are_kept_by_jar_dropped_and_stolen() -> None:
    echo = Echo((b"Set-Cookie", b"id=7; Path=/"), (b"set-cookie", b"old=; Max-Age=0"))
    await _play(echo, Ask(), Ask(), Ask(jar="other"), Ask(jar="thief", takes_cookies_of="visitor"))
    sent = [dict(scope["headers"]).get(b"cookie") for scope in echo.scopes]
    assert sent == [None, b"id=7", None, b"id=7"]


async def test_times_clients_and_time() -> None:
    echo, clock = Echo(), HandClock(0.0)
    witness = Witness(echo)
    await Player(witness, witness, TARGET, clock).ask(Ask(times=4, clients=2, after_s=9.0))
    assert [scope["client"][0] for scope in echo.scopes] == ["203.0.113.7", "203.0.113.8"] * 2
    assert clock.now() == 9.0


async def test_what_has_a_name_is_filled_in_and_what_has_none_stays() -> None:
    async def newest() -> str:
        return "letter"

    echo = Echo(body=b'{"id": 7}')
    witness = Witness(echo)
    target = Target(paths={Place.PAGE: "/"}, fills={"email": "mira@mail.example", "link": newest})
    spelled = Ask(
        makes=(("loud", "{email}", str.upper),), body=b'{"email": "{email}", "as": "{loud} {link} {nobody}"}', keeps=(("id", "id"),)
    )
    again = Ask(headers=(("x", "{id} {n} {host}"),), times=2, keeps=(("id", "nothing"),), spelled=lambda path: path + "in")
    empty = Ask(body=b"[{id}]")
    await Player(witness, witness, target, HandClock()).play(Case(name="x", story="", turns=(spelled, again, empty)))
    assert echo.bodies[0] == b'{"email": "mira@mail.example", "as": "MIRA@MAIL.EXAMPLE letter {nobody}"}'
    assert dict(echo.scopes[2]["headers"])[b"x"] == b"7 1 shop.example"
    assert (echo.scopes[2]["path"], echo.bodies[3]) == ("/in", b"[]")


@pytest.mark.parametrize("body", [b"", b"no json", b"[1]"])
async def test_an_answer_that_is_none_brings_nothing(body: bytes) -> None:
    echo = Echo(body=body)
    await _play(echo, Ask(keeps=(("id", "id"),)), Ask(body=b"{id}"))
    assert echo.bodies[1] == b""


async def test_literal_paths_keep_their_bytes() -> None:
    echo = Echo()
    await _play(echo, Ask(at="/a%2fb?c=d"))
    scope = echo.scopes[0]
    assert (scope["raw_path"], scope["path"], scope["query_string"]) == (b"/a%2fb", "/a/b", b"c=d")


@pytest.mark.parametrize(("path", "status"), [("/ws", 101), ("/closed", 403)])
async def test_handshakes(path: str, status: int) -> None:
    heard = await _play(Echo(), Ask(at=path, kind="websocket"))
    assert heard[0].status == status


async def test_the_code_is_read_from_the_problem() -> None:
    problem = (b"content-type", b"application/problem+json")
    assert (await _play(Echo(problem, body=b'{"code":"a.b"}'), Ask()))[0].code == "a.b"
    assert (await _play(Echo(problem), Ask()))[0].code == ""


async def test_an_application_that_waits_for_more_hears_that_the_client_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("buckler.core.play._STALL_S", 0.05)
    heard: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        heard.append(await receive())

    witness = Witness(app)
    await Player(witness, witness, TARGET, HandClock()).ask(Ask())
    assert heard == [{"type": "http.disconnect"}]


async def test_a_witness_tells_requests_at_the_same_moment_apart() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None: ...

    witness = Witness(app)
    seen: dict[str, Any] = {"type": "http"}
    await witness(seen, None, None)
    assert (witness.saw(seen), witness.saw({"type": "http"})) == (True, False)


async def test_several_at_the_same_moment_and_the_last_one_counts() -> None:
    inside = 0

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal inside
        inside += 1
        status = 200 + inside
        await asyncio.sleep(0)
        await send({"type": "http.response.start", "status": status, "headers": []})
        inside -= 1

    witness = Witness(app)
    heard = await Player(witness, witness, TARGET, HandClock()).ask(Ask(together=3))
    assert (heard.status, heard.reached) == (203, True)


def test_verdicts() -> None:
    through, stopped = Heard(200, (), b"", True), Heard(403, (), b"", False, "csrf.cross_site")
    assert got_through([stopped, through])
    assert not got_through([through, stopped])
    assert not got_through([Heard(500, (), b"", True)])
    assert served([through])
    assert not served([through, stopped])
    assert served([Heard(401, (), b"", True, "account.sign_in_needed")]), "the application asks for a sign-in, in the words of the guard"


def test_a_target_plays_what_it_has() -> None:
    assert TARGET.plays(Case(name="x", story="", turns=(Ask(), Ask(at="/literal"))))
    assert not TARGET.plays(Case(name="x", story="", turns=(Ask(at=Place.SLOW),)))
    brings = Ask(body=b"{host} {token} {n}", makes=(("loud", "{host}", str.upper),), keeps=(("id", "id"),))
    assert TARGET.plays(Case(name="x", story="", turns=(brings, Ask(headers=(("x", "{loud} {id}"), ("y", None))))))
    assert not TARGET.plays(Case(name="x", story="", turns=(Ask(body=b"{email}"),)))


def test_an_answer_takes_more_headers() -> None:
    no = refusal(403, "a.b", "No.", "Ask.").with_headers((b"retry-after", b"5"))
    assert (no.code, no.headers) == ("a.b", ((b"retry-after", b"5"),))
    assert Heard(200, ((b"vary", b"a"), (b"vary", b"b")), b"", True).header("Vary") == "a, b"
