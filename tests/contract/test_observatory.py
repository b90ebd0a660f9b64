"""What Mozilla's HTTP Observatory would give a page behind a default guard, by its published table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from buckler import CSP, HSTS, HTTPS, Cookies, Framing, Isolation, NoSniff, Referrer, off
from buckler.testing import guarded, only
from tests.asgi import Wire, scope_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from buckler.core.headers import Headers

# github.com/mdn/mdn-http-observatory, src/grader/charts.js at 94042bb (2026-08-20), the results that a page like ours can have.
# The score starts at 100; penalties are taken off, then bonuses are added where 90 or more are left. Test → result → modifier.
TABLE = {
    "content-security-policy": {
        "no-unsafe-default-src-none": 10, "no-unsafe": 5, "unsafe-inline-in-style-only": 0, "unsafe": -20, "none": -25,
    },
    "cookies": {
        "secure-httponly-samesite": 5, "not-found": 0, "without-samesite": 0, "without-secure": -20, "session-without-httponly": -30,
    },
    "cross-origin-resource-sharing": {"not-implemented": 0, "universal-access": -50},
    "redirection": {"to-https": 0, "missing": -20},
    "referrer-policy": {"private": 5, "not-implemented": 0, "unsafe": -5},
    "strict-transport-security": {"preloaded": 5, "six-months": 0, "less": -10, "not-implemented": -20},
    "subresource-integrity": {"implemented": 5, "not-needed": 0, "external-without": -5},
    "x-content-type-options": {"nosniff": 0, "not-implemented": -5},
    "x-frame-options": {"via-csp": 5, "deny-or-sameorigin": 5, "not-implemented": -20},
    "cross-origin-resource-policy": {"same-origin": 10, "same-site": 10, "cross-origin": 0, "not-implemented": 0},
    "cross-origin-embedder-policy": {"require-corp": 10, "credentialless": 10, "unsafe-none": 0, "not-implemented": 0},
    "cross-origin-opener-policy": {
        "same-origin": 10, "same-origin-allow-popups": 10, "noopener-allow-popups": 10, "unsafe-none": 0, "not-implemented": 0,
    },
}  # fmt: skip
HIGHEST = 165
HALF_A_YEAR_S = 15_768_000


class Seen(NamedTuple):
    """What Observatory looks at: a page over HTTPS, the answer over plain HTTP, and whether browsers have the host in their list."""

    headers: Headers
    body: bytes
    plain: Wire
    listed: bool

    def of(self, name: str) -> list[str]:
        return [value.decode() for key, value in self.headers if key == name.encode()]

    def first(self, name: str) -> str:
        return next(iter(self.of(name)), "")


def csp(seen: Seen) -> str:
    if not seen.of("content-security-policy"):
        return "none"
    parts = [part.split() for part in seen.first("content-security-policy").split(";")]
    policy = {part[0]: set(part[1:]) for part in parts if part}
    unsafe = {"'unsafe-inline'", "'unsafe-eval'", "data:", "https:", "http:", "*"}
    if unsafe & policy.get("script-src", policy.get("default-src", {"*"})):
        return "unsafe"
    if unsafe & policy.get("style-src", set()):
        return "unsafe-inline-in-style-only"
    return "no-unsafe-default-src-none" if policy.get("default-src") == {"'none'"} else "no-unsafe"


def cookies(seen: Seen) -> str:
    found = [value.lower() for value in seen.of("set-cookie")]
    if not found:
        return "not-found"
    if not all("; secure" in value for value in found):
        return "without-secure"
    if not all("; httponly" in value for value in found if "sess" in value.partition("=")[0]):
        return "session-without-httponly"
    return "secure-httponly-samesite" if all(re.search("; samesite=(lax|strict)", value) for value in found) else "without-samesite"


def redirection(seen: Seen) -> str:
    to = dict(seen.plain.sent[0]["headers"]).get(b"location", b"")
    return "to-https" if seen.plain.status in {301, 302, 307, 308} and to.startswith(b"https://shop.example/") else "missing"


def referrer(seen: Seen) -> str:
    policy = seen.first("referrer-policy")
    if not policy:
        return "not-implemented"
    return "private" if policy in {"no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"} else "unsafe"


def hsts(seen: Seen) -> str:
    found = re.search(r"max-age=(\d+)", seen.first("strict-transport-security"))
    if found is None:
        return "not-implemented"
    if seen.listed:
        return "preloaded"
    return "six-months" if int(found[1]) >= HALF_A_YEAR_S else "less"


def integrity(seen: Seen) -> str:
    scripts = re.findall(rb"<script[^>]* src=[^>]*>", seen.body)
    if any(b'src="http' in script or b'src="//' in script for script in scripts):
        return "external-without"
    return "implemented" if any(b"integrity=" in script for script in scripts) else "not-needed"


def framing(seen: Seen) -> str:
    if "frame-ancestors 'none'" in seen.first("content-security-policy"):
        return "via-csp"
    return "deny-or-sameorigin" if seen.first("x-frame-options") in {"DENY", "SAMEORIGIN"} else "not-implemented"


def plain_value(name: str) -> Callable[[Seen], str]:
    return lambda seen: seen.first(name) or "not-implemented"


JUDGES: dict[str, Callable[[Seen], str]] = {
    "content-security-policy": csp,
    "cookies": cookies,
    "cross-origin-resource-sharing": lambda seen: "universal-access" if seen.of("access-control-allow-origin") else "not-implemented",
    "redirection": redirection,
    "referrer-policy": referrer,
    "strict-transport-security": hsts,
    "subresource-integrity": integrity,
    "x-content-type-options": plain_value("x-content-type-options"),
    "x-frame-options": framing,
    "cross-origin-resource-policy": plain_value("cross-origin-resource-policy"),
    "cross-origin-embedder-policy": plain_value("cross-origin-embedder-policy"),
    "cross-origin-opener-policy": plain_value("cross-origin-opener-policy"),
}


async def page(scope: Any, receive: Any, send: Any) -> None:
    """A page as an application makes it: a script file of its own with its hash, and two careless cookies. `/bare` has neither."""
    bare = scope["path"] == "/bare"
    script = '<script nonce="%s" src="/site.js" integrity="sha384-8f" defer></script>'
    body = b"<p>hello" if bare else (script % (scope["buckler"].nonce if "buckler" in scope else "")).encode()
    own = [] if bare else [(b"set-cookie", b"theme=dark; Path=/"), (b"set-cookie", b"sessid=1; Path=/")]
    own += [(b"access-control-allow-origin", value) for name, value in scope["headers"] if name == b"origin"]
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html"), *own]})
    await send({"type": "http.response.body", "body": body})


async def results(*changes: Any, path: str = "/", listed: bool = False) -> dict[str, str]:
    guard, secure, plain = guarded(page, *changes), Wire(), Wire()
    await guard(scope_of(path, "GET", (b"origin", b"https://http-observatory.example")), secure.receive, secure.send)
    await guard(scope_of(path, scheme="http"), plain.receive, plain.send)
    seen = Seen(secure.sent[0]["headers"], secure.body, plain, listed)
    return {name: judge(seen) for name, judge in JUDGES.items()}


def score(found: dict[str, str]) -> int:
    modifiers = [TABLE[name][result] for name, result in found.items()]
    left = max(0, 100 + sum(value for value in modifiers if value < 0))
    return left + sum(value for value in modifiers if value > 0) if left >= 90 else left


def test_the_table_adds_up_to_the_highest_score() -> None:
    assert JUDGES.keys() == TABLE.keys()
    assert 100 + sum(max(row.values()) for row in TABLE.values()) == HIGHEST


async def test_a_page_behind_a_default_guard_has_every_point_that_a_program_can_earn() -> None:
    """What is missing to 165 are the five for the browsers' own list, into which only the owner of a domain can enter it."""
    found = await results()
    assert found == {
        "content-security-policy": "no-unsafe-default-src-none",  # csp
        "cookies": "secure-httponly-samesite",  # cookies gives the careless ones what they lack
        "cross-origin-resource-sharing": "not-implemented",  # cors takes off what the application allows everybody; no bonus exists
        "redirection": "to-https",  # https; no bonus exists
        "referrer-policy": "private",  # referrer
        "strict-transport-security": "six-months",  # hsts; the bonus is for being listed
        "subresource-integrity": "implemented",  # the application's own doing: a hash beside its script
        "x-content-type-options": "nosniff",  # nosniff; no bonus exists
        "x-frame-options": "via-csp",  # csp; framing alone would do
        "cross-origin-resource-policy": "same-origin",  # isolation
        "cross-origin-embedder-policy": "credentialless",  # isolation
        "cross-origin-opener-policy": "same-origin",  # isolation
    }
    assert score(found) == HIGHEST - 5
    assert score(await results(HSTS(preload=True), listed=True)) == HIGHEST


async def test_a_page_without_cookies_and_scripts_has_what_applies_to_it() -> None:
    """The rows for cookies (5) and scripts (5) do not apply: there is nothing to protect, and nothing is taken off."""
    found = await results(path="/bare", listed=True)
    assert (found["cookies"], found["subresource-integrity"]) == ("not-found", "not-needed")
    assert score(found) == HIGHEST - 5 - 5


@pytest.mark.parametrize("kind", [CSP, Cookies, HTTPS, Referrer, HSTS, NoSniff, Isolation])
async def test_every_one_of_these_counts(kind: Any) -> None:
    assert score(await results(off(kind, because="to see what it is worth"))) < score(await results())


async def test_one_framing_header_stands_in_for_the_other() -> None:
    own = CSP(frame_ancestors=["'self'"])
    assert (await results(own))["x-frame-options"] == "deny-or-sameorigin"
    assert (await results(own, off(Framing, because="to see what is left")))["x-frame-options"] == "not-implemented"


async def test_without_a_guard_the_same_page_fails() -> None:
    assert score(await results(*only())) == 0


def test_every_constant_header_name_is_sent_once() -> None:
    names = [name for name, _ in guarded(page).plan.constant]
    assert len(names) == len(set(names))
