"""FastAPI behind Buckler, with everything on; sessions live in Redis."""

from __future__ import annotations

from fastapi import FastAPI

from bench.guards import guarded
from bench.peers import signed
from bench.peers.common import tls_in_front
from buckler.frameworks.fastapi import SessionDep  # noqa: TC001  # FastAPI reads the annotation
from buckler.stores.redis import Redis


def make() -> FastAPI:
    api = FastAPI()

    @api.get(signed.SIGN_IN)
    async def sign_in(session: SessionDep) -> dict[str, str]:
        session.sign_in(signed.PERSON)
        return {"hello": signed.PERSON}

    return api


api = make()


@api.get("/")
async def hello(session: SessionDep) -> dict[str, str]:
    return {"hello": session.person or ""}


app = tls_in_front(guarded(api, store=Redis(signed.REDIS, wait_s=5)))
