"""What Mozilla's HTTP Observatory would give a default page, by its published table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from buckler.protections.hsts import HSTS
from buckler.testing import guarded, probe_app
from tests.asgi import Wire, scope_of

if TYPE_CHECKING:
    from buckler.core.headers import Header

# Mozilla HTTP Observatory, "Tests and scoring" (August 2026): the bonuses of a site that starts at 100.
BONUSES = {
    "csp without unsafe, default-src 'none'": 10,
    "all cookies Secure, HttpOnly, SameSite": 5,
    "referrer policy private": 5,
    "hsts preload": 5,
    "scripts of this origin alone, or with integrity": 5,
    "framing forbidden by csp": 5,
    "cross-origin-resource-policy": 10,
    "cross-origin-opener-policy": 10,
    "cross-origin-embedder-policy": 10,
}


async def _page(*changes: Any) -> tuple[dict[bytes, bytes], list[Header]]:
    wire = Wire()
    await guarded(probe_app, *changes)(scope_of("/cookie"), wire.receive, wire.send)
    return wire.headers, wire.sent[0]["headers"]


def _score(headers: dict[bytes, bytes], pairs: list[Header]) -> int:
    policy = headers[b"content-security-policy"]
    cookies = [value.lower() for name, value in pairs if name == b"set-cookie"]
    met = {
        "csp without unsafe, default-src 'none'": b"default-src 'none'" in policy and b"unsafe" not in policy,
        "all cookies Secure, HttpOnly, SameSite": bool(cookies)
        and all(word in value for value in cookies for word in (b"secure", b"httponly", b"samesite=")),
        "referrer policy private": headers[b"referrer-policy"] in {b"same-origin", b"no-referrer", b"strict-origin"},
        "hsts preload": b"preload" in headers[b"strict-transport-security"],
        "scripts of this origin alone, or with integrity": b"script-src 'none'" in policy,
        "framing forbidden by csp": b"frame-ancestors 'none'" in policy,
        "cross-origin-resource-policy": headers[b"cross-origin-resource-policy"] == b"same-origin",
        "cross-origin-opener-policy": headers[b"cross-origin-opener-policy"] == b"same-origin",
        "cross-origin-embedder-policy": headers[b"cross-origin-embedder-policy"] in {b"credentialless", b"require-corp"},
    }
    return 100 + sum(BONUSES[name] for name, good in met.items() if good)


async def test_a_default_page_has_every_point_that_can_be_had_without_a_promise_to_browsers() -> None:
    """160 by default; the last five are for the preload list, which is a promise that only the owner of a domain can give."""
    assert _score(*await _page()) == 160
    assert _score(*await _page(HSTS(preload=True))) == 165


def test_every_constant_header_name_is_sent_once() -> None:
    names = [name for name, _ in guarded(probe_app).plan.constant]
    assert len(names) == len(set(names))
