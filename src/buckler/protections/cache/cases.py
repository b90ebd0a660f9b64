"""What `cache` stops."""

from __future__ import annotations

from buckler.core.case import Ask, Case, Heard, Place, Transcript
from buckler.core.directives import read_directives

_MIRA = (("cookie", "name=mira"),)


def _shareable(heard: Heard) -> bool:
    """A cache that serves many people, in front of the site, would keep this answer and give it to the next one."""
    said = read_directives(heard.header("cache-control").encode())
    return heard.reached and not (b"no-store" in said or said.forbids(b"private"))


def given_away(transcript: Transcript) -> bool:
    """One person's page may be kept for everybody by a cache in front, or has been given to somebody else by ours."""
    first, *others = transcript
    return (b"mira" in first.body and _shareable(first)) or any(b"mira" in heard.body for heard in others)


def poisoned(transcript: Transcript) -> bool:
    """A page with the attacker's link may be kept for everybody by a cache in front, or has been given to a visitor by ours."""
    first, *others = transcript
    return (b"evil.example" in first.body and _shareable(first)) or any(b"evil.example" in heard.body for heard in others)


def _cookie_given_away(transcript: Transcript) -> bool:
    first, *others = transcript
    return ("theme=" in first.header("set-cookie") and _shareable(first)) or any(not heard.reached for heard in others)


def same_for_all(transcript: Transcript) -> bool:
    """Everybody got the page."""
    return all(heard.status == 200 and not heard.code and heard.body == transcript[0].body for heard in transcript)


def _anew(path: str) -> str:
    return path + "/nonexistent.css"


CASES = (
    Case(
        name="page_of_another",
        story="An application greets a visitor by a cookie and says that everybody's cache may keep the page; the next visitor gets it.",
        turns=(Ask(at=Place.GREETING, headers=_MIRA), Ask(at=Place.GREETING, jar="stranger")),
        succeeds=given_away,
        sources=("CWE-524", "CVE-2023-30861"),
    ),
    Case(
        name="deception",
        story="An attacker leads a visitor to a made-up style sheet below a page of hers; a cache keeps it by its ending.",
        turns=(
            Ask(at=Place.GREETING, headers=_MIRA, spelled=_anew),
            Ask(at=Place.GREETING, spelled=_anew, jar="thief"),
        ),
        succeeds=given_away,
        sources=("CWE-525", "Gil, Web Cache Deception (2017)"),
    ),
    Case(
        name="deception_by_semicolon",
        story="The same with a path that only one of the two layers cuts at a semicolon.",
        turns=(
            Ask(at=Place.GREETING, headers=_MIRA, spelled=lambda path: path + ";x.css"),
            Ask(at=Place.GREETING, spelled=lambda path: path + ";x.css", jar="thief"),
        ),
        succeeds=given_away,
        sources=("CWE-525",),
    ),
    Case(
        name="poisoned_link",
        story="An attacker names his own host in X-Forwarded-Host; the page with his link is kept and given to every visitor.",
        turns=(Ask(at=Place.LINKED, headers=(("x-forwarded-host", "evil.example"),)), Ask(at=Place.LINKED, jar="stranger")),
        succeeds=poisoned,
        sources=("CWE-349", "CWE-444"),
    ),
    Case(
        name="cookie_of_another",
        story="A page that sets a visitor's cookie says that everybody's cache may keep it; the next visitor gets the same cookie.",
        turns=(Ask(at=Place.COOKIE), Ask(at=Place.COOKIE, jar="stranger")),
        succeeds=_cookie_given_away,
        sources=("CWE-524", "CVE-2026-35192"),
    ),
    Case(
        name="kept",
        story="Three visitors read a page that says how long it may be kept; one of them brings a cookie that the page never looks at.",
        turns=(Ask(at=Place.KEPT), Ask(at=Place.KEPT, jar="phone", headers=_MIRA), Ask(at=Place.KEPT, jar="stranger")),
        honest=True,
        succeeds=same_for_all,
    ),
    Case(
        name="after_its_time",
        story="A visitor comes back when the page is no longer fresh.",
        turns=(Ask(at=Place.KEPT), Ask(at=Place.KEPT, after_s=61)),
        honest=True,
        succeeds=lambda heard: same_for_all(heard) and all(item.reached for item in heard),
    ),
    Case(
        name="greeted",
        story="A visitor is greeted by name each time, on a page that is nobody else's.",
        turns=(Ask(at=Place.GREETING, headers=_MIRA), Ask(at=Place.GREETING, headers=_MIRA)),
        honest=True,
        succeeds=lambda heard: all(b"mira" in item.body for item in heard),
    ),
)
