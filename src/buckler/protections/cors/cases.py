"""What `cors` stops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.core.case import Ask, Case, Place

if TYPE_CHECKING:
    from collections.abc import Callable

    from buckler.core.case import Transcript

_APP = "https://app.example"
_NAMED = {"origins": (_APP,), "credentials": True}


def _read_by(origin: str) -> Callable[[Transcript], bool]:
    """A browser lets a script of `origin` read the answer (WHATWG Fetch, CORS check)."""

    def succeeds(transcript: Transcript) -> bool:
        return transcript[-1].header("access-control-allow-origin") in {origin, "*"}

    return succeeds


def _kept_for_another(transcript: Transcript) -> bool:
    """A cache would give the answer for one origin to the next one."""
    last = transcript[-1]
    return last.header("access-control-allow-origin") == _APP and "origin" not in last.header("vary").lower()


def _attack(name: str, story: str, origin: str, *, named: bool = True) -> Case:
    return Case(
        name=name,
        story=story,
        turns=(Ask(at=Place.PRIVATE, headers=(("origin", origin), ("sec-fetch-site", "cross-site"))),),
        succeeds=_read_by(origin),
        options=_NAMED if named else {},
        sources=("CWE-942",),
    )


def _preflight(origin: str) -> tuple[Ask, ...]:
    asks = (("origin", origin), ("access-control-request-method", "POST"), ("sec-fetch-site", "cross-site"))
    return (Ask(at=Place.WRITE, method="OPTIONS", headers=asks),)


CASES = (
    _attack(
        "any_origin",
        "A page of another site reads a private page, because the application reflects its origin.",
        "https://evil.example",
        named=False,
    ),
    _attack("null_origin", "The same from a sandboxed frame.", "null", named=False),
    _attack("longer_name", "An origin that begins like the one that is named.", "https://app.example.evil.example"),
    _attack("same_ending", "An origin that ends like the one that is named.", "https://evilapp.example"),
    _attack("plain_twin", "The plain-HTTP twin of the named origin, which anybody on the way can be.", "http://app.example"),
    _attack("other_port", "Another port of the named host.", "https://app.example:8443"),
    _attack("capitals", "The named origin in capitals, as no browser sends it.", "https://APP.example"),
    Case(
        name="preflight",
        story="A page of another site asks for leave to send a request with headers of its choice.",
        turns=_preflight("https://evil.example"),
        succeeds=_read_by("https://evil.example"),
        refused="cors.preflight",
        sources=("CWE-942",),
    ),
    Case(
        name="cached_for_another",
        story="A cache hands the answer for one origin to another one.",
        turns=(Ask(headers=(("origin", _APP),)),),
        succeeds=_kept_for_another,
        options=_NAMED,
        sources=("CWE-525",),
    ),
    Case(
        name="own_page",
        story="A page of this site, in a browser that sends `Origin`.",
        turns=(Ask(headers=(("origin", "https://{host}"),)),),
        honest=True,
    ),
    Case(
        name="named_origin",
        story="A script of the named origin reads a page.",
        turns=(Ask(headers=(("origin", _APP), ("sec-fetch-site", "cross-site"))),),
        succeeds=_read_by(_APP),
        honest=True,
        options=_NAMED,
    ),
    Case(
        name="named_origin_asks_first",
        story="A browser asks for leave in the name of the named origin.",
        turns=_preflight(_APP),
        succeeds=_read_by(_APP),
        honest=True,
        options=_NAMED,
    ),
    Case(
        name="public_data",
        story="Anybody's script reads public data.",
        turns=(Ask(headers=(("origin", "https://anybody.example"),)),),
        succeeds=_read_by("https://anybody.example"),
        honest=True,
        options={"origins": ("*",)},
    ),
)
