"""What `https` stops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.core.case import Ask, Case, Place, got_through

if TYPE_CHECKING:
    from buckler.core.case import Transcript


def led_away(transcript: Transcript) -> bool:
    """The page came in the clear, or the redirect leads to somebody else."""
    location = transcript[-1].header("location")
    return got_through(transcript) or (bool(location) and not location.startswith("https://shop.example/"))


CASES = (
    Case(
        name="plain_page",
        story="A private page, asked for and sent in the clear.",
        turns=(Ask(at=Place.PRIVATE, scheme="http"),),
        refused="https.redirect",
        sources=("CWE-319",),
    ),
    Case(
        name="plain_write",
        story="A form sent in the clear: everybody on the way reads it.",
        turns=(Ask(at=Place.WRITE, method="POST", scheme="http", body=b"card=4111"),),
        refused="https.plain_write",
        sources=("CWE-319",),
    ),
    Case(
        name="plain_sign_in",
        story="A password sent in the clear.",
        turns=(Ask(at=Place.SIGN_IN, method="POST", scheme="http"),),
        refused="https.plain_write",
        sources=("CWE-523",),
    ),
    Case(
        name="plain_socket",
        story="A WebSocket without encryption.",
        turns=(Ask(at=Place.SOCKET, kind="websocket", scheme="http"),),
        refused="https.plain_socket",
        sources=("CWE-319",),
    ),
    Case(
        name="redirect_elsewhere",
        story="A target that turns the redirect into one to the attacker's site.",
        turns=(Ask(at="@evil.example/", scheme="http"),),
        succeeds=led_away,
        refused="https.redirect",
        sources=("CVE-2026-54282", "CWE-601"),
    ),
    Case(
        name="redirect_splits",
        story="A line break in the target, to write headers of one's own into the redirect.",
        turns=(Ask(at="/a\r\nset-cookie:x=1", scheme="http"),),
        succeeds=led_away,
        refused="https.redirect",
        sources=("CWE-113",),
    ),
    Case(
        name="claimed_scheme",
        story="A visitor who only claims that the request was encrypted.",
        turns=(Ask(at=Place.PRIVATE, scheme="http", headers=(("x-forwarded-proto", "https"),)),),
        refused="https.untrusted_proxy",
        sources=("CWE-348",),
    ),
    Case(name="page", story="A page over HTTPS.", turns=(Ask(),), honest=True),
    Case(name="socket", story="An encrypted WebSocket.", turns=(Ask(at=Place.SOCKET, kind="websocket"),), honest=True),
    Case(
        name="behind_a_proxy",
        story="A page over HTTPS that the site's proxy hands on over plain HTTP.",
        turns=(Ask(client="10.0.0.1", scheme="http", headers=(("x-forwarded-for", "203.0.113.7"), ("x-forwarded-proto", "https"))),),
        honest=True,
        site={"trusted_proxies": ("10.0.0.0/8",)},
    ),
    Case(
        name="laptop",
        story="A developer's own machine, over plain HTTP.",
        turns=(Ask(scheme="http", headers=(("host", "localhost:8000"),)),),
        honest=True,
        site={"development": True, "hosts": ("localhost",)},
    ),
)
