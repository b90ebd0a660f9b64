"""The same, and the route has a limit that is counted in Redis with every request."""

from __future__ import annotations

from bench.guards import guarded
from bench.peers import signed
from bench.peers.common import LIMIT, tls_in_front
from bench.peers.signed_buckler import make
from buckler.frameworks.fastapi import SessionDep, limited  # FastAPI reads the annotation
from buckler.stores.redis import Redis

api = make()


@api.get("/", dependencies=[limited(f"{LIMIT}/minute")])
async def hello(session: SessionDep) -> dict[str, str]:
    return {"hello": session.person or ""}


app = tls_in_front(guarded(api, store=Redis(signed.REDIS, wait_s=5)))
