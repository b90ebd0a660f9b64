"""What `cookies` stops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.core.case import Ask, Case, Place

if TYPE_CHECKING:
    from collections.abc import Callable

    from buckler.core.case import Transcript


def _cookies(transcript: Transcript) -> list[str]:
    return [value.decode("latin-1") for name, value in transcript[-1].headers if name == b"set-cookie"]


def _lacks(attribute: str) -> Callable[[Transcript], bool]:
    """A cookie of the application's goes out without an attribute."""

    def succeeds(transcript: Transcript) -> bool:
        said = [[part.partition("=")[0].strip().lower() for part in value.split(";")] for value in _cookies(transcript)]
        return any(attribute not in parts for parts in said)

    return succeeds


def _nameless(transcript: Transcript) -> bool:
    return any(value.startswith("=") for value in _cookies(transcript))


def _kept(transcript: Transcript) -> bool:
    return any(value.startswith("theme=dark; Path=/") for value in _cookies(transcript))


_SETS = (Ask(at=Place.COOKIE),)

CASES = (
    Case(
        name="in_the_clear",
        story="A cookie of the application's travels over a plain connection.",
        turns=_SETS,
        succeeds=_lacks("secure"),
        sources=("CWE-614",),
    ),
    Case(
        name="read_by_a_script",
        story="An injected script reads a cookie and sends it away.",
        turns=_SETS,
        succeeds=_lacks("httponly"),
        sources=("CWE-1004",),
    ),
    Case(
        name="brought_along",
        story="Another site's form brings the cookie along in an old browser.",
        turns=_SETS,
        succeeds=_lacks("samesite"),
        sources=("CWE-1275",),
    ),
    Case(
        name="sent_without_a_name",
        story="The application is talked into setting a nameless cookie, whose value a parser then takes for the session.",
        turns=_SETS,
        succeeds=_nameless,
        sources=("CVE-2023-23934",),
    ),
    Case(
        name="came_without_a_name",
        story="A sibling sub-domain plants a nameless cookie whose value looks like the session's.",
        turns=(Ask(headers=(("cookie", "theme=dark; =__Host-session=planted"),)),),
        refused="cookies.forged",
        sources=("CVE-2023-23934",),
    ),
    Case(name="own_cookie", story="A cookie of the application's arrives.", turns=_SETS, honest=True, succeeds=_kept),
    Case(
        name="ordinary_cookies",
        story="A visitor with ordinary cookies, one of them with a strange value.",
        turns=(Ask(headers=(("cookie", "theme=dark; last==_x; a=b=c; plain"),)),),
        honest=True,
    ),
)
