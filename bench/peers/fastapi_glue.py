"""FastAPI with the libraries that people usually put together, each as its own documentation shows it.

slowapi: `SlowAPIMiddleware` with default limits, which covers every route as Buckler does. starlette-csrf: secure cookie. Starlette's
signed-cookie sessions and trusted hosts. secure: its ASGI middleware with the recommended preset.
"""

# mypy: disable-error-code="import-not-found"
# The peers live in an environment of their own, where mypy does not look.

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from secure import Secure
from secure.middleware import SecureASGIMiddleware
from slowapi import Limiter, _rate_limit_exceeded_handler
from slowapi.errors import RateLimitExceeded
from slowapi.middleware import SlowAPIMiddleware
from slowapi.util import get_remote_address
from starlette.middleware.sessions import SessionMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request  # noqa: TC002  # FastAPI reads the annotation
from starlette_csrf import CSRFMiddleware

from bench.peers.common import HOST, LIMIT, SECRET, tls_in_front
from bench.peers.fastapi_plain import make

if TYPE_CHECKING:
    from fastapi import FastAPI


def make_glued(limiting: Any) -> FastAPI:
    api = make()

    @api.get("/session")
    async def visit(request: Request) -> dict[str, int]:
        request.session["visits"] = request.session.get("visits", 0) + 1
        return {"visits": request.session["visits"]}

    api.state.limiter = Limiter(key_func=get_remote_address, default_limits=[f"{LIMIT}/minute"])
    api.add_exception_handler(RateLimitExceeded, _rate_limit_exceeded_handler)
    api.add_middleware(SessionMiddleware, secret_key=SECRET, https_only=True)
    api.add_middleware(CSRFMiddleware, secret=SECRET, cookie_secure=True)
    api.add_middleware(limiting)
    api.add_middleware(TrustedHostMiddleware, allowed_hosts=[HOST])
    api.add_middleware(SecureASGIMiddleware, secure=Secure.with_default_headers())
    return api


app = tls_in_front(make_glued(SlowAPIMiddleware))
