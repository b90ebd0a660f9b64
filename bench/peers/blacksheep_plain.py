"""BlackSheep as its documentation shows it."""

# mypy: disable-error-code="import-not-found"
# The peers live in an environment of their own, where mypy does not look.

from __future__ import annotations

from blacksheep import Application, Response, Router, json

from bench.peers.common import tls_in_front

router = Router()


@router.get("/")
async def hello() -> Response:
    return json({"hello": "world"})


@router.post("/")
async def write() -> Response:
    return json({"hello": "world"})


app = tls_in_front(Application(router=router))
