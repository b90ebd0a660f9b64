"""The protections that are nothing but headers: what they send, what they send in report-only mode, and what they refuse to be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from buckler.errors import ConfigError
from buckler.protections import DEFAULTS
from buckler.protections.fingerprint import Fingerprint
from buckler.protections.framing import Framing
from buckler.protections.hsts import HSTS
from buckler.protections.isolation import Isolation
from buckler.protections.nosniff import NoSniff
from buckler.protections.permissions import Permissions
from buckler.protections.permissions.features import POWERFUL
from buckler.protections.referrer import Referrer
from buckler.testing import guarded, only, probe_app
from tests.asgi import Wire, scope_of

if TYPE_CHECKING:
    from buckler.core.headers import Header


def _sent(protection: Any, **site: Any) -> dict[bytes, bytes]:
    return dict(guarded(probe_app, *only(protection), **site).plan.constant)


def test_hsts() -> None:
    name = b"strict-transport-security"
    assert _sent(HSTS())[name] == b"max-age=63072000; includeSubDomains"
    assert _sent(HSTS(preload=True))[name] == b"max-age=63072000; includeSubDomains; preload"
    assert _sent(HSTS(include_subdomains=False, max_age_s=9))[name] == b"max-age=9"
    assert _sent(HSTS(report_only=True)) == {}
    assert _sent(HSTS(), development=True) == {}


def test_framing() -> None:
    assert _sent(Framing()) == {b"x-frame-options": b"DENY"}
    assert _sent(Framing(allow="same-origin")) == {b"x-frame-options": b"SAMEORIGIN"}
    assert _sent(Framing(report_only=True)) == {}


def test_nosniff_and_referrer() -> None:
    assert _sent(NoSniff(report_only=True)) == {}
    assert _sent(Referrer()) == {b"referrer-policy": b"same-origin"}
    assert _sent(Referrer(report_only=True)) == {}


def test_isolation() -> None:
    assert _sent(Isolation()) == {
        b"cross-origin-opener-policy": b"same-origin",
        b"cross-origin-embedder-policy": b"credentialless",
        b"cross-origin-resource-policy": b"same-origin",
    }
    assert list(_sent(Isolation(report_only=True))) == [
        b"cross-origin-opener-policy-report-only",
        b"cross-origin-embedder-policy-report-only",
    ]


def test_permissions() -> None:
    value = _sent(Permissions(allow={"camera": ["self", "https://meet.example"], "usb": ["*"], "fullscreen": ["self"]}))[
        b"permissions-policy"
    ]
    parts = value.decode().split(", ")
    assert 'camera=(self "https://meet.example")' in parts
    assert "usb=*" in parts
    assert "fullscreen=(self)" in parts
    assert "microphone=()" in parts
    assert len(parts) == len(POWERFUL) + 1
    assert _sent(Permissions(report_only=True)) == {}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: HSTS(max_age_s=0), "number over zero"),
        (lambda: HSTS(preload=True, max_age_s=100), "31536000 or more"),
        (lambda: HSTS(preload=True, include_subdomains=False), "all sub-domains"),
        (lambda: Framing(allow="ALLOWALL"), "choose one of none, same-origin"),
        (lambda: Referrer(policy="unsafe-url"), "choose one of same-origin"),
        (lambda: Isolation(opener="x"), "Isolation.opener"),
        (lambda: Isolation(embedder="x"), "Isolation.embedder"),
        (lambda: Isolation(resource="x"), "Isolation.resource"),
        (lambda: Permissions(allow={"camra": ["self"]}), "did you mean `camera`"),
        (lambda: Permissions(allow={"camera": ["http://x.example"]}), 'give "self"'),
        (lambda: Permissions(allow={"camera": ['https://x.example"; usb=*']}), 'give "self"'),
        (lambda: Fingerprint(keep=["etag"]), "only these are taken out"),
        (lambda: Fingerprint(keep="server"), "list of strings"),
    ],
)
def test_what_cannot_work_is_refused(make: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()


async def _telling(protection: Any) -> set[bytes]:
    wire = Wire()
    await guarded(probe_app, *only(protection))(scope_of("/telling"), wire.receive, wire.send)
    return {name for name, _ in wire.sent[0]["headers"]} & {b"server", b"x-powered-by"}


async def test_fingerprint() -> None:
    assert await _telling(Fingerprint()) == set()
    assert await _telling(Fingerprint(keep=["server"])) == {b"server"}
    assert await _telling(Fingerprint(report_only=True)) == {b"server", b"x-powered-by"}


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
    assert len(DEFAULTS) > len(names) / 2
