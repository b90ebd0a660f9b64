"""`bans` in the guard, on real applications: one round trip, WebSockets, sign-ins of FastAPI, a dead store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from buckler.core.clock import HandClock
from buckler.core.store import Get
from buckler.protections.bans import Bans
from buckler.protections.ratelimit import RateLimit
from buckler.stores.postgresql import PostgreSQL
from buckler.stores.redis import Redis
from buckler.stores.sqlite import SQLite
from buckler.testing import guarded
from tests.asgi import scope_of
from tests.fastapi_site import Counting, at, client_of, limited_app, statuses_of
from tests.guard.odd import BrokenStore, ok, talk
from tests.servers.redis import RedisServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from buckler.core.store import Store
    from buckler.guard import Guard
    from tests.asgi import Wire
BAD = "/files/..%2f..%2fetc/passwd"


async def probe(guard: Guard, times: int = 51, **changes: Any) -> list[int]:
    raw = {"raw_path": BAD.encode(), "path": "/files/../../etc/passwd"}
    return [(await talk(guard, scope_of(**raw, **changes))).status for _ in range(times)]  # type: ignore[arg-type]  # parts of a scope


async def visit(guard: Guard, *headers: tuple[bytes, bytes], **changes: Any) -> Wire:
    return await talk(guard, scope_of("/", "GET", *headers, **changes))


async def test_a_visitor_without_a_refusal_asks_the_store_nothing() -> None:
    store = Counting()
    guard = guarded(ok, store=store)
    for _ in range(20):
        assert (await visit(guard)).status == 200
    assert await probe(guard, 20, client=("198.51.100.9", 1)) == [400] * 20
    assert (await visit(guard)).status == 200
    assert store.batches == []


async def test_a_suspect_with_a_session_makes_one_round_trip_for_both() -> None:
    store = Counting()
    guard = guarded(ok, store=store)
    await probe(guard, 1)
    assert (await visit(guard, (b"cookie", b"__Host-session=" + b"A" * 43))).status == 200
    assert len(store.batches) == 1
    assert sum(isinstance(op, Get) for op in store.batches[0]) == 3  # the session, the news, the client


async def test_a_banned_client_reaches_nothing() -> None:
    store, clock = Counting(), HandClock()
    guard = guarded(ok, store=store, clock=clock)
    assert await probe(guard) == [400] * 51
    wire = await visit(guard)
    assert (wire.status, wire.headers[b"retry-after"], wire.headers[b"cache-control"]) == (429, b"60", b"no-store")
    assert (await talk(guard, scope_of("/", "GET", type="websocket", scheme="wss"))).sent == [{"type": "websocket.close", "code": 1008}]
    assert {(await visit(guard)).status for _ in range(50)} == {429}
    assert len(store.batches) == 1
    clock.move(60)
    assert (await visit(guard)).status == 200


async def test_report_only_bans_nobody_and_says_whom_it_would_have() -> None:
    guard = guarded(ok, Bans(report_only=True))
    await probe(guard)
    assert {(await visit(guard)).status for _ in range(3)} == {200}
    assert {(event.kind, event.mode) for event in guard.plan.events.drain()} == {
        ("pathguard.dot_segment", "enforced"), ("bans.made", "note"), ("bans.banned", "report"),
    }  # fmt: skip


async def test_a_dead_store_lets_a_suspect_pass_and_a_banned_client_once_in_five_seconds() -> None:
    clock = HandClock()
    guard = guarded(ok, store=BrokenStore(), clock=clock)
    await probe(guard, 1)
    assert (await visit(guard)).status == 200
    await probe(guard, 50)
    assert [(await visit(guard)).status for _ in range(5)] == [200, 429, 429, 429, 429]
    clock.move(5)
    assert [(await visit(guard)).status for _ in range(5)] == [200, 429, 429, 429, 429]


async def test_a_dead_store_refuses_suspects_where_that_is_asked_for() -> None:
    guard = guarded(ok, Bans(on_store_failure="refuse"), store=BrokenStore())
    assert (await visit(guard)).status == 200
    await probe(guard, 1)
    assert (await visit(guard)).status == 503


async def test_guessing_that_goes_on_after_too_many_attempts_ends_in_a_ban() -> None:
    """200 refused tries in ten minutes; wrong passwords themselves, and what the application does not know (404), count nothing."""
    app = limited_app("5/hour")
    client = client_of(app, RateLimit(flood=None))
    assert [(await client.get("/nothing")).status_code for _ in range(300)] == [404] * 300
    assert set(await statuses_of(client, 5, json={})) == {200}
    assert set(await statuses_of(client, 200, json={})) == {429}
    assert (await client.get("/nothing")).status_code == 404
    assert (await client.post("/sign-in", json={})).json()["code"] == "ratelimit.exceeded"
    refused = await client.get("/nothing")
    assert (refused.status_code, refused.json()["code"]) == (429, "bans.banned")
    assert (await at(client, "198.51.100.1").get("/nothing")).status_code == 404


async def test_another_site_cannot_ban_a_visitor_by_a_form() -> None:
    client = client_of(limited_app("5/hour"), RateLimit(flood=None))
    for _ in range(300):
        answer = await client.post("/sign-in", json={}, headers={"sec-fetch-site": "cross-site", "origin": "https://evil.example"})
        assert answer.status_code == 403
    assert (await client.post("/sign-in", json={})).status_code == 200


def _stores(name: str, server: Any, folder: Path) -> tuple[Store, Store]:
    wait_s = 60.0  # a busy machine is no failure
    made: dict[str, Callable[[], Store]] = {
        "redis_server": lambda: Redis(server.url, prefix="bans", wait_s=wait_s),
        "redis_cluster": lambda: Redis(*(node.url for node in server.nodes), prefix="bans", cluster=True, wait_s=wait_s),
        "postgresql_server": lambda: PostgreSQL(server.url(), schema="bans", wait_s=wait_s),
        "sqlite": lambda: SQLite(folder / "state.db"),
    }
    return made[name](), made[name]()


@pytest.mark.parametrize("name", ["redis_server", "redis_cluster", "postgresql_server", "sqlite"])
async def test_two_machines_share_a_ban(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    server = None if name == "sqlite" else request.getfixturevalue(name)
    stores = _stores(name, server, tmp_path)
    one, other = (guarded(ok, store=store) for store in stores)
    await probe(one)
    assert (await visit(one)).status == 429
    assert (await visit(other)).status == 200
    await probe(other, 1)
    assert (await visit(other)).status == 429
    assert await other.plan.site.offers["bans"].lift("203.0.113.7")
    assert (await visit(other)).status == 200
    if isinstance(server, RedisServer):
        kept = server.ask("KEYS", "bans*")
        assert kept
        assert not any("203.0.113.7" in name for name in kept)
        assert not any("203.0.113.7" in str(server.ask("GET", name)) for name in kept)
    for store in stores:
        await store.close()
