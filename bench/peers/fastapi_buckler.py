"""The same FastAPI application behind Buckler."""

from __future__ import annotations

from bench.guards import guarded
from bench.peers.common import tls_in_front
from bench.peers.fastapi_plain import make
from buckler.frameworks.fastapi import SessionDep  # noqa: TC001  # FastAPI reads the annotation

api = make()


@api.get("/session")
async def visit(session: SessionDep) -> dict[str, int]:
    session["visits"] = session.get("visits", 0) + 1
    return {"visits": session["visits"]}


guard = guarded(api)
app = tls_in_front(guard)
