"""What `bans` stops, and whom it must not. All but the last request of an attack are refused by others; the last one is harmless."""

from __future__ import annotations

from buckler.core.case import Ask, Case, Place, Transcript

_HIDDEN = "/files/..%2f..%2fetc/passwd"
_OWN = ("sec-fetch-site", "same-origin")
_PICTURE = (("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image"))
_BEHIND = {"trusted_proxies": ("10.0.0.0/8",)}
_FEW = {"points": 200}  # so that a case is short; the way of counting is the same
_TOO_OFTEN = 11  # at twenty points each


def passed(transcript: Transcript) -> bool:
    """The last request was answered as if nothing had been."""
    last = transcript[-1]
    return last.reached and last.status == 200


def _probing(times: int = _TOO_OFTEN, at: str = _HIDDEN, **changes: object) -> Ask:
    return Ask(at=at, times=times, **changes)  # type: ignore[arg-type]  # parts of an Ask


def _claiming(text: str, at: str = Place.PAGE, times: int = 1, client: str = "10.0.0.1") -> Ask:
    return Ask(at=at, times=times, client=client, headers=(("x-forwarded-for", text),))


_SIGN_IN = Ask(at=Place.SIGN_IN, method="POST", headers=(_OWN,))

CASES = (
    Case(
        name="probing",
        story="A program tries one forbidden path after another, and now and then a harmless one.",
        turns=(_probing(), Ask()),
        succeeds=passed,
        options=_FEW,
        refused="bans.banned",
        sources=("OAT-014",),
    ),
    Case(
        name="smuggling",
        story="A program tries lengths that layers may read differently.",
        turns=(Ask(times=3, headers=(("content-length", "+0"),)), Ask()),
        succeeds=passed,
        options=_FEW,
        refused="bans.banned",
        sources=("CWE-444",),
    ),
    Case(
        name="next_address",
        story="One home's network, which has 2^64 addresses, tries each path from a new one.",
        turns=(_probing(client="2001:db8:1:2::1", clients=_TOO_OFTEN), Ask(client="2001:db8:1:2:ffff::1")),
        succeeds=passed,
        options=_FEW,
        refused="bans.banned",
        sources=("CWE-799",),
    ),
    Case(
        name="claimed_address",
        story="Behind a trusted proxy, which appends the true address, a program claims a new one each time.",
        turns=(_claiming("198.51.100.{n}, 203.0.113.9", _HIDDEN, _TOO_OFTEN), _claiming("198.51.100.200, 203.0.113.9")),
        succeeds=passed,
        options=_FEW,
        refused="bans.banned",
        site=_BEHIND,
        sources=("GHSA-hm36-ffrh-c77c",),
    ),
    Case(
        name="comes_back",
        story="A program waits until its ban is over and goes on: the next one is five times as long.",
        turns=(_probing(), _probing(after_s=61), Ask(after_s=61)),
        succeeds=passed,
        options=_FEW,
        refused="bans.banned",
        sources=("OAT-014",),
    ),
    Case(
        name="own_session",
        story="An attacker signs in with an account of their own, so as to be spared while the network is banned.",
        turns=(_SIGN_IN, _probing(), Ask(at=Place.PRIVATE, headers=(_OWN,))),
        succeeds=passed,
        options=_FEW,
        refused="bans.banned",
        sources=("CWE-799",),
    ),
    Case(
        name="forged_origin",
        story="A program says that another site had led it to paths that no browser sends, in a way that no browser can.",
        turns=(Ask(times=3, headers=(("content-length", "+0"), ("sec-fetch-site", "cross-site"))), Ask()),
        succeeds=passed,
        options=_FEW,
        refused="bans.banned",
        sources=("CWE-290",),
    ),
    Case(
        name="mistypes",
        story="A visitor follows ten broken links, and goes on reading.",
        turns=(_probing(10), Ask()),
        honest=True,
        succeeds=passed,
        options=_FEW,
    ),
    Case(
        name="led_by_another_site",
        story="A page of another site is full of pictures with forbidden addresses here, so that its readers are banned.",
        turns=(_probing(50, headers=(("sec-fetch-site", "cross-site"), *_PICTURE)), Ask()),
        honest=True,
        succeeds=passed,
        options=_FEW,
        sources=("CWE-352",),
    ),
    Case(
        name="picture_in_a_comment",
        story="Somebody writes such pictures into a comment on this very site.",
        turns=(_probing(50, headers=(_OWN, *_PICTURE)), Ask()),
        honest=True,
        succeeds=passed,
        options=_FEW,
        sources=("CWE-352",),
    ),
    Case(
        name="broken_form",
        story="A form of another tab is out of date, and the page sends it again every few seconds.",
        turns=(_SIGN_IN, Ask(at=Place.WRITE, method="POST", headers=(("origin", "null"),), times=50, after_s=3), Ask()),
        honest=True,
        succeeds=passed,
        options=_FEW,
    ),
    Case(
        name="signed_in_neighbour",
        story="Behind the same address as an attacker, somebody is signed in who did nothing.",
        turns=(_SIGN_IN, _probing(jar="attacker"), Ask(at=Place.PRIVATE, headers=(_OWN,))),
        honest=True,
        succeeds=passed,
        options=_FEW,
    ),
    Case(
        name="unnamed_proxy",
        story="A proxy that nobody has named passes on an attacker's requests, and then a visitor's.",
        turns=(_claiming("198.51.100.9", _HIDDEN, 40, "203.0.113.7"), _claiming("198.51.100.10", client="203.0.113.7")),
        honest=True,
        succeeds=passed,
        options=_FEW,
    ),
    Case(
        name="colleague",
        story="Everybody in the house has the address of one gateway, and one of them tries everything.",
        turns=(_probing(50, client="192.168.1.1"), Ask(client="192.168.1.1")),
        honest=True,
        succeeds=passed,
        options=_FEW,
    ),
    Case(
        name="after_a_ban",
        story="A client that was banned has waited as long as it was told.",
        turns=(_probing(), Ask(after_s=61)),
        honest=True,
        succeeds=passed,
        options=_FEW,
    ),
)
