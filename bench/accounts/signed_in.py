"""What it costs to know who calls: a route that asks beside one that does not, in one application, with the same request."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.accounts import cast
from bench.accounts.rows import FIELDS
from bench.accounts.tries import started
from bench.inprocess.drive import Heard, receive, scope, send
from bench.inprocess.pairs import Pace, Side, extra_us

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.inprocess.drive import Scope
    from bench.progress import Progress

FULL, QUICK = Pace(100, 50), Pace(8, 10)
_OPEN = "/"
_API = "/account/api"


class Proof(NamedTuple):
    """What is shown, and to which route."""

    title: str
    path: str
    header: tuple[bytes, bytes]


class Trips(NamedTuple):
    """What a request asks: statements of the database, and batches of the store."""

    database: int
    store: int


def measure(pace: Pace, progress: Progress) -> list[dict[str, Any]]:
    """Return one entry a kind of proof."""
    progress.say("accounts · the price of knowing who calls")
    with tempfile.TemporaryDirectory(prefix="buckler-bench-") as folder:
        os.environ |= {"BENCH_DATABASE": folder, "BENCH_PEOPLE": "10", "BENCH_LIMITS": "default"}
        found = asyncio.run(_measure(pace))
    progress.step()
    return found


async def _measure(pace: Pace) -> list[dict[str, Any]]:
    peer = importlib.import_module("bench.peers.accounts_buckler")
    stop = await started(peer.app)
    found = [await _entry(peer, proof, pace) for proof in await _proofs(peer.app)]
    await stop()
    return found


async def _proofs(app: Any) -> list[Proof]:
    """Sign in three times, as three clients do, and keep a session, a personal token and an access token."""
    session = await _signed_in(app, 0)
    _, answer = await _call(app, "/tokens", {"name": "a script", "scopes": ["articles:read"]}, await _signed_in(app, 1))
    personal = b"Bearer " + answer["token"].encode()
    _, answer = await _call(app, "/programs", {"name": "an app"}, await _signed_in(app, 2))
    access = b"Bearer " + answer["access_token"].encode()
    return [
        Proof("session, `signed_in`", "/mine", (b"cookie", session)),
        Proof("access token (JWT), `signed_in`", "/mine", (b"authorization", access)),
        Proof("session, `requires`", "/articles", (b"cookie", session)),
        Proof("access token (JWT), `requires`", "/articles", (b"authorization", access)),
        Proof("personal token, `requires`", "/articles", (b"authorization", personal)),
    ]


async def _signed_in(app: Any, number: int) -> bytes:
    heard, _ = await _call(app, "/sign-in", {"email": cast.email("known", number), "password": cast.PASSWORD})
    return b"; ".join(value.split(b";")[0] for name, value in heard.headers if name == b"set-cookie")


async def _call(app: Any, path: str, given: dict[str, Any], cookie: bytes = b"") -> tuple[Heard, dict[str, Any]]:
    """Ask the API, as a page of the site does. Raises ValueError when it refuses."""
    body, heard = json.dumps(given).encode(), Heard()
    asked = _scope(_API + path, (b"cookie", cookie), method="POST")
    asked["headers"] += [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]

    async def given_body() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    await app(asked, given_body, heard)
    if heard.status >= 400:
        raise ValueError(f"{path} answered {heard.status}: {heard.body[:200]!r}")
    return heard, json.loads(heard.body)


def _scope(path: str, *headers: tuple[bytes, bytes], method: str = "GET") -> Scope:
    fields = [(name.encode(), value.encode()) for name, value in FIELDS]
    return scope([*fields, *headers], method=method) | {"path": path, "raw_path": path.encode()}


async def _entry(peer: Any, proof: Proof, pace: Pace) -> dict[str, Any]:
    ours, plain = Side(peer.app, _scope(proof.path, proof.header)), Side(peer.app, _scope(_OPEN, proof.header))
    for side in (ours, plain):
        heard = Heard()
        await side.app(dict(side.template), receive, heard)
        if heard.status != 200:
            raise ValueError(f"{proof.title}: {side.template['path']} answered {heard.status}: {heard.body[:200]!r}")
    asks, beside = [await _trips(peer, side) for side in (ours, plain)]
    extra = await extra_us(ours, plain, pace)
    return {"title": proof.title, "extra_us": extra, "trips": asks, "plain_trips": beside}


async def _trips(peer: Any, side: Side) -> Trips:
    with _counting(peer) as counted:
        await side.app(dict(side.template), receive, send)
    return Trips(counted.count("database"), counted.count("store"))


@contextmanager
def _counting(peer: Any) -> Iterator[list[str]]:
    from sqlalchemy import event  # noqa: PLC0415  # lives in the peers' environment

    counted: list[str] = []
    store = peer.guard.plan.site.store
    batch = store.batch

    def statement(*_: object) -> None:
        counted.append("database")

    async def told(ops: Any) -> Any:
        counted.append("store")
        return await batch(ops)

    event.listen(peer.engine.sync_engine, "before_cursor_execute", statement)
    store.batch = told
    try:
        yield counted
    finally:
        del store.batch
        event.remove(peer.engine.sync_engine, "before_cursor_execute", statement)
