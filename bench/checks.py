"""What an application must show before it is measured: the right answer, and that its protections are really there."""

from __future__ import annotations

import http.client
import socket
from typing import TYPE_CHECKING, NamedTuple

from bench.peers.common import BODY, HOST

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Check = Callable[[int], None]

CHECKED_LIMIT = 3  # calls a minute, on the server that shows that its limiter counts
_TIMEOUT_S = 10.0
_REFUSED = range(400, 500)
_CROSS_SITE = (("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site"))
_NOT_OURS = (b"date", b"server", b"connection")  # written by the server, not by the application


class CheckFailedError(Exception):
    """An application is not what its row says it is. It is not measured."""


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


def ask(port: int, method: str = "GET", path: str = "/", headers: Sequence[tuple[str, str]] = (("Host", HOST),)) -> Answer:
    """Return the answer of the server on `port` of this machine."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_S)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        if method == "POST":
            connection.putheader("Content-Length", "0")
        connection.endheaders()
        answer = connection.getresponse()
        joined: dict[str, str] = {}
        for name, value in answer.getheaders():
            joined[name.lower()] = f"{joined[name.lower()]}, {value}" if name.lower() in joined else value
        return Answer(answer.status, joined, answer.read())
    finally:
        connection.close()


def answers(port: int, headers: Sequence[tuple[str, str]], status: int = 200) -> None:
    """The request that is measured gets the answer that is measured."""
    heard = ask(port, headers=headers)
    _need(heard.status == status, f"answered {heard.status} instead of {status}: {heard.body[:200]!r}")
    _need(status != 200 or heard.body == BODY, f"answered {heard.body[:200]!r} instead of {BODY!r}")


def sends(*names: str) -> Check:
    """The response carries these headers."""

    def check(port: int) -> None:
        missing = [name for name in names if name not in ask(port).headers]
        _need(not missing, f"does not send {', '.join(missing)}")

    return check


def sends_constant_headers(port: int) -> None:
    """The response carries every constant header of a real guard, with its value."""
    from bench.peers.bare_buckler import guard  # noqa: PLC0415  # only these rows need a guard

    heard = ask(port).headers
    for name, value in guard.plan.constant:
        _need(heard.get(name.decode()) == value.decode("latin-1"), f"does not send {name.decode()}")
    _need(bool(guard.plan.constant), "the guard has no constant headers")


def refuses_cross_site(port: int) -> None:
    """Another site's form is refused."""
    _need(ask(port, "POST", headers=[("Host", HOST), *_CROSS_SITE]).status in _REFUSED, "takes a cross-site POST")


def refuses_other_host(port: int) -> None:
    """A foreign host name is refused."""
    _need(ask(port, headers=[("Host", "evil.example")]).status in _REFUSED, "answers for a foreign host")


def refuses_attack_patterns(port: int) -> None:
    """A query that looks like an SQL injection is refused."""
    _need(ask(port, path="/?q=1%27%20UNION%20SELECT%20password%20FROM%20users--").status in _REFUSED, "takes an SQL injection")


def keeps_a_session(port: int) -> None:
    """What the application writes into the session is there at the next request."""
    cookie = ""
    for visits in (1, 2):
        heard = ask(port, path="/session", headers=[("Host", HOST), *([("Cookie", cookie)] if cookie else [])])
        _need(heard.body == b'{"visits":%d}' % visits or heard.body == b'{"visits": %d}' % visits, f"loses its session: {heard.body!r}")
        cookie = "; ".join(part.split(";")[0] for part in heard.headers.get("set-cookie", "").split(", ") if "=" in part.split(";")[0])


def unprotected(port: int) -> None:
    """Both are taken: so the two checks above can fail, and this row pays for no protection."""
    _need(ask(port, "POST", headers=[("Host", HOST), *_CROSS_SITE]).status == 200, "refuses a cross-site POST")
    _need(ask(port, headers=[("Host", "evil.example")]).status == 200, "refuses a foreign host")


def counts(port: int) -> None:
    """The limiter counts: with a limit of three, of five calls the last is refused with 429."""
    statuses = [ask(port).status for _ in range(CHECKED_LIMIT + 2)]
    _need(statuses[0] == 200 and statuses[-1] == 429, f"its limiter does not count: {statuses}")


def cookie(port: int, name: str) -> str:
    """Return `name=value` as the application sets it to a first visitor."""
    for part in ask(port).headers.get("set-cookie", "").split(", "):
        pair = part.split(";")[0]
        if pair.startswith(f"{name}="):
            return pair
    raise CheckFailedError(f"does not set the cookie {name}")


def head(port: int, headers: Sequence[tuple[str, str]]) -> list[bytes]:
    """Return the lines of the response head as they come over the wire, without those that the server writes itself."""
    with socket.create_connection(("127.0.0.1", port), timeout=_TIMEOUT_S) as wire:
        wire.sendall(b"GET / HTTP/1.1\r\n" + b"".join(f"{name}: {value}\r\n".encode() for name, value in headers) + b"\r\n")
        seen = b""
        while b"\r\n\r\n" not in seen:
            piece = wire.recv(65_536)
            _need(bool(piece), "closes the connection without an answer")
            seen += piece
    lines = seen.partition(b"\r\n\r\n")[0].split(b"\r\n")
    return [line for line in lines if line.split(b":")[0].lower() not in _NOT_OURS]


def same_heads(one: Sequence[bytes], other: Sequence[bytes]) -> None:
    """Byte for byte: otherwise one of the two would have more to send."""
    _need(list(one) == list(other), f"the heads differ: {set(one) ^ set(other)}")


def _need(good: bool, what: str) -> None:
    if not good:
        raise CheckFailedError(what)
