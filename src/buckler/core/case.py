"""The Case: a short conversation and how it must end. Written once beside its protection, used as contract test, teeth test,
live probe, benchmark mix and the table "What it stops" of the docs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

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
    SEARCH = "{search}"  # ten answers a minute; a request asks for as many as `x-many` says
    REPORT = "{report}"  # more work than the five milliseconds of it that a client has in a minute
    UPLOAD = "{upload}"  # an action that reads its whole body
    KEPT = "{kept}"  # a page that anyone may read and that says for how long it may be kept
    GREETING = "{greeting}"  # a page that greets by the cookie `name`, and says carelessly that everybody's cache may keep it
    LINKED = "{linked}"  # a page with a link to the host that `X-Forwarded-Host` names, said to be everybody's as well
    # Accounts. What is sent and answered there is that of the API of `buckler.accounts`; the two pages take forms.
    SIGN_IN_PAGE = "{sign_in_page}"
    SIGN_OUT_PAGE = "{sign_out_page}"
    API_SIGN_IN = "{api_sign_in}"
    API_SECOND = "{api_second}"  # the second factor
    API_SIGN_OUT = "{api_sign_out}"
    API_SIGN_UP = "{api_sign_up}"
    API_SIGN_UP_FINISH = "{api_sign_up_finish}"  # what the link of the mail leads to
    API_RESET = "{api_reset}"
    API_RESET_FINISH = "{api_reset_finish}"
    API_CONFIRM = "{api_confirm}"  # showing once more who one is
    API_PASSWORD = "{api_password}"  # noqa: S105  # where a new one is set, by somebody who is signed in
    API_EMAIL = "{api_email}"
    API_EMAIL_FINISH = "{api_email_finish}"
    API_TOKENS = "{api_tokens}"  # tokens that a person makes
    API_PROGRAMS = "{api_programs}"  # a pair of tokens for the session
    API_REFRESH = "{api_refresh}"  # the next pair
    API_PROGRAM_OUT = "{api_program_out}"
    API_DEVICES = "{api_devices}"  # the other ones: signing them out
    API_LEAVE = "{api_leave}"  # the end of the account


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """One request. Everything has the value of an ordinary, honest visitor of `https://shop.example`.

    `headers` are added; a value of None removes a default one; `{host}` in a value becomes the target's host. `jar` names whose
    cookies are sent and kept. `takes_cookies_of` first copies another jar as it is now (theft). `after_s` lets time pass before
    the request. `times` repeats it, and the last answer counts; `{n}` is the number of the repetition. `together` asks so many times at
    the same moment; the answer to the last of them counts. `chunks` sends the body in pieces, without Content-Length; `pause_s` is
    waited before each piece. `form` is sent as the target's sign-in form when the place is SIGN_IN.

    In the body and in header values `{name}` becomes what the target fills in under that name, or what the conversation has brought:
    `makes` names a text before the request, by a function of another one (`("capitals", "{email}", str.upper)`), and `keeps` a field of
    the answer, which is JSON (`("access", "access_token")`). `spelled` writes the path of the place in another way.
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
    together: int = 1
    clients: int = 1  # with `times` or `together`: how many client addresses take turns, counted up from `client`
    scheme: str = "https"
    kind: str = "http"
    http_version: str = "1.1"
    spelled: Callable[[str], str] = str
    makes: Sequence[tuple[str, str, Callable[[str], str]]] = ()
    keeps: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Heard:
    """One answer. `reached` is whether the application ran; `code` the refusal's code; `body` what was sent back."""

    status: int
    headers: Headers
    body: bytes
    reached: bool
    code: str = ""

    @property
    def refused(self) -> bool:
        """Whether the guard refused. `account.…` is the application's own answer, in the guard's words: sign in first, say."""
        return bool(self.code) and not self.code.startswith("account.")

    def header(self, name: str) -> str:
        """Return the values of a header joined by ", ", or ""."""
        wanted = name.lower().encode()
        return ", ".join(value.decode("latin-1") for key, value in self.headers if key == wanted)


Transcript = list[Heard]
GAP = re.compile(rb"\{([a-z_]+)\}")
_ALWAYS = frozenset({"host", "token", "n"})  # filled in by the player


def got_through(transcript: Transcript) -> bool:
    """The attack's last request was taken by the application."""
    return transcript[-1].reached and transcript[-1].status < 500


def served(transcript: Transcript) -> bool:
    """Every honest request was taken by the application and answered without an error of the guard's."""
    return all(heard.reached and not heard.refused for heard in transcript)


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

    A place that is missing from `paths` does not exist on this target; cases that need it are then not played, and said so. The same
    holds for `fills`: what `{name}` becomes, a text or a function that finds it when it is asked for, as the newest mail.
    """

    paths: Mapping[str, str]
    host: str = "shop.example"
    sign_in_type: str = "application/x-www-form-urlencoded"
    sign_in_body: bytes = b""
    pages: Sequence[str] = ()  # further pages that anyone may read: what the guard costs is weighed on each
    fills: Mapping[str, str | Callable[[], Awaitable[str]]] = field(default_factory=dict)

    def plays(self, case: Case) -> bool:
        """Whether every place of the case exists here, and all that it wants filled in is known."""
        return all(turn.at in self.paths or not turn.at.startswith("{") for turn in case.turns) and wanted(case) <= self.fills.keys()


def wanted(case: Case) -> set[str]:
    """Return the names that a target must fill in for this case."""
    names: set[str] = set()
    brought = _ALWAYS | {name for turn in case.turns for name, *_ in (*turn.makes, *turn.keeps)}
    for turn in case.turns:
        for text in _texts(turn):
            names |= {name.decode() for name in GAP.findall(text)} - brought
    return names


def _texts(turn: Ask) -> Iterator[bytes]:
    yield turn.body
    yield from (value.encode() for _, value in turn.headers if value)
    yield from (text.encode() for _, text, _ in turn.makes)
