"""Published mistakes that are about who a client is: whatever somebody claims, they stay who they are (docs/past-mistakes.md)."""

from __future__ import annotations

from typing import Any

import pytest

from buckler import Guard, Overload, RateLimit
from buckler.testing import HandClock, guarded
from tests.asgi import scope_of
from tests.guard.odd import ok, talk

BAD = {"raw_path": b"/files/..%2f..%2fetc", "path": "/files/../../etc"}
PROXY = {"trusted_proxies": ["10.0.0.0/8"]}
# How an attacker may write a new address into each request: as it comes from them, and as a trusted proxy hands it on.
CLAIMS: list[tuple[dict[str, Any], str, str]] = [
    ({}, "x_forwarded_for", "198.51.100.{}"),  # GHSA-5m6w-wvh7-57vm: some servers take it for the name with hyphens
    (PROXY, "x-forwarded-for", "198.51.100.{}, 203.0.113.9"),  # CVE-2025-59152
    (PROXY, "x-forwarded-for", "127.0.0.{}, 203.0.113.9"),
    (PROXY, "forwarded", "for=198.51.100.{}, for=203.0.113.9"),
]


def _scopes(name: str, value: str, times: int, **changes: Any) -> list[dict[str, Any]]:
    peer = "10.0.0.1" if "," in value else "203.0.113.9"
    return [scope_of("/", "GET", (name.encode(), value.format(number).encode()), client=(peer, 1), **changes) for number in range(times)]


async def _statuses(guard: Guard, scopes: list[dict[str, Any]]) -> list[int]:
    return [(await talk(guard, scope)).status for scope in scopes]


@pytest.mark.parametrize(("site", "name", "value"), CLAIMS)
async def test_a_claimed_address_ends_no_ban(site: dict[str, Any], name: str, value: str) -> None:
    guard = guarded(ok, **site)
    probing = [{**scope, **BAD} for scope in _scopes(name, value, 51)]
    assert await _statuses(guard, probing) == [400] * 51
    assert await _statuses(guard, _scopes(name, value, 20)) == [429] * 20
    assert [ban.client for ban in guard.plan.site.offers["bans"].listed()] == ["203.0.113.9"]


@pytest.mark.parametrize(("site", "name", "value"), CLAIMS)
async def test_a_claimed_address_has_no_quota_of_its_own(site: dict[str, Any], name: str, value: str) -> None:
    guard = guarded(ok, RateLimit(flood="10/minute"), **site)
    assert await _statuses(guard, _scopes(name, value, 100)) == [200] * 10 + [429] * 90


@pytest.mark.parametrize(("site", "name", "value"), CLAIMS)
async def test_a_claimed_address_has_no_place_of_its_own(site: dict[str, Any], name: str, value: str) -> None:
    """So many requests of one client may be answered at once: another address for each would make it as many as one likes."""
    inside: list[int] = []
    scopes = iter(_scopes(name, value, 10))

    async def nested(scope: Any, receive: Any, send: Any) -> None:
        following = next(scopes, None)
        if following is not None:
            inside.append((await talk(guard, following)).status)
        await ok(scope, receive, send)

    guard = guarded(nested, Overload(per_client=3), clock=HandClock(), **site)
    assert (await talk(guard, next(scopes))).status == 200
    assert sorted(inside) == [200, 200, 429]
