"""The Case: a short conversation and how it must end. Written once beside its protection, used as contract test, teeth test,
live probe, benchmark mix and the table "What it stops" of the docs."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from buckler.core.headers import Headers


class Place(StrEnum):
    """Where a turn goes, by role: each target says which of its paths plays it."""

    PAGE = "{page}"  # a page that anyone may read
    PRIVATE = "{private}"  # a page for the signed-in person alone
    WRITE = "{write}"  # an action that changes state
    SIGN_IN = "{sign_in}"  # the sign-in action; the target supplies the credentials
    SIGN_OUT = "{sign_out}"
    SIGN_OUT_ALL = "{sign_out_all}"  # ends all sessions of the signed-in person, on every device
    REMEMBER = "{remember}"  # an action that the site remembers of an anonymous visitor, as a basket does
    COOKIE = "{cookie}"  # a page on which the application sets `theme=dark; Path=/`, and whatever else it sets carelessly
    SOCKET = "{socket}"  # a WebSocket endpoint
    TELLING = "{telling}"  # a page whose framework names itself and its version
    SCRIPTED = "{scripted}"  # a page with a script of its own, which carries the response's nonce
    SLOW = "{slow}"  # a handler that takes long
    UPLOAD = "{upload}"  # an action that reads its whole body


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """One request. Everything has the value of an ordinary, honest visitor of `https://shop.example`.

    `headers` are added; a value of None removes a default one; `{host}` in a value becomes the target's host. `jar` names whose
    cookies are sent and kept. `takes_cookies_of` first copies another jar as it is now (theft). `after_s` lets time pass before
    the request. `times` repeats it, and the last answer counts. `chunks` sends the body in pieces, without Content-Length;
    `pause_s` is waited before each piece. `form` is sent as the target's sign-in form when the place is SIGN_IN.
    """

    at: str = Place.PAGE
    method: str = "GET"
    headers: Sequence[tuple[str, str | None]] = ()
    body: bytes = b""
    chunks: Sequence[bytes] = ()
    pause_s: float = 0.0
    jar: str = "visitor"
    takes_cookies_of: str = ""
    form_of: str = ""  # `{token}` in a header or the body becomes the token of the form last shown to this jar; "": to its own
    after_s: float = 0.0
    times: int = 1
    client: str = "203.0.113.7"
    clients: int = 1  # with `times`: how many client addresses take turns, counted up from `client`
    scheme: str = "https"
    kind: str = "http"
    http_version: str = "1.1"


@dataclass(frozen=True, slots=True)
class Heard:
    """One answer. `reached` is whether the application ran; `code` the refusal's code; `body` what was sent back."""

    status: int
    headers: Headers
    body: bytes
    reached: bool
    code: str = ""

    def header(self, name: str) -> str:
        """Return the values of a header joined by ", ", or ""."""
        wanted = name.lower().encode()
        return ", ".join(value.decode("latin-1") for key, value in self.headers if key == wanted)


Transcript = list[Heard]


def got_through(transcript: Transcript) -> bool:
    """The attack's last request was taken by the application."""
    return transcript[-1].reached and transcript[-1].status < 500


def served(transcript: Transcript) -> bool:
    """Every honest request was taken by the application and answered without an error of the guard's."""
    return all(heard.reached and not heard.code for heard in transcript)


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """`name` follows the protection's own: `csrf` + `cross_site_form`. `story` is one sentence a reader understands.

    An attack (`honest=False`) says how it `succeeds`; with the protection on it must not, and when `refused` is given the last
    answer must be that refusal. An honest case says how it `succeeds` as well; with the protection on it must.
    `options` are the options of the protection under test. `sources` name a CVE, CWE or RFC that the case comes from.
    """

    name: str
    story: str
    turns: Sequence[Ask]
    honest: bool = False
    refused: str = ""
    succeeds: Callable[[Transcript], bool] = got_through
    options: Mapping[str, object] = field(default_factory=dict)
    site: Mapping[str, object] = field(default_factory=dict)  # facts of the site: trusted_proxies, hosts, …
    sources: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """An application that cases can be played on: which path plays which role, and how one signs in there.

    A place that is missing from `paths` does not exist on this target; cases that need it are then not played, and said so.
    """

    paths: Mapping[str, str]
    host: str = "shop.example"
    sign_in_type: str = "application/x-www-form-urlencoded"
    sign_in_body: bytes = b""
    pages: Sequence[str] = ()  # further pages that anyone may read: what the guard costs is weighed on each

    def plays(self, case: Case) -> bool:
        """Whether every place of the case exists here."""
        return all(turn.at in self.paths or not turn.at.startswith("{") for turn in case.turns)
