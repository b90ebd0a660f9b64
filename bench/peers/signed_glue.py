"""FastAPI with starsessions and slowapi, both on Redis, as their documentations show it."""

# mypy: disable-error-code="import-not-found"
# The peers live in an environment of their own, where mypy does not look.

from __future__ import annotations

from fastapi import FastAPI, Request
from slowapi import Limiter, _rate_limit_exceeded_handler
from slowapi.errors import RateLimitExceeded
from slowapi.middleware import SlowAPIMiddleware
from slowapi.util import get_remote_address
from starsessions import SessionAutoloadMiddleware, SessionMiddleware
from starsessions.stores.redis import RedisStore

from bench.peers import signed
from bench.peers.common import LIMIT, tls_in_front

api = FastAPI()
api.state.limiter = Limiter(key_func=get_remote_address, default_limits=[f"{LIMIT}/minute"], storage_uri=signed.REDIS)
api.add_exception_handler(RateLimitExceeded, _rate_limit_exceeded_handler)
api.add_middleware(SlowAPIMiddleware)
api.add_middleware(SessionAutoloadMiddleware)
api.add_middleware(SessionMiddleware, store=RedisStore(signed.REDIS), cookie_https_only=True, lifetime=3600, rolling=True)


@api.get(signed.SIGN_IN)
async def sign_in(request: Request) -> dict[str, str]:
    request.session["person"] = signed.PERSON
    return {"hello": signed.PERSON}


@api.get("/")
async def hello(request: Request) -> dict[str, str]:
    return {"hello": request.session["person"]}


app = tls_in_front(api)
