"""FastAPI with fastapi-guard, as its documentation shows it for production, in memory instead of Redis.

Left out: blocking by cloud provider and country, which fetch lists from the network. It has no protection against CSRF, no allowed
hosts and no sessions.
"""

# mypy: disable-error-code="import-not-found"
# The peers live in an environment of their own, where mypy does not look.

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from guard import SecurityConfig, SecurityMiddleware
from guard.lifespan import guard_lifespan

from bench.peers.common import LIMIT, tls_in_front
from bench.peers.fastapi_plain import make

if TYPE_CHECKING:
    from fastapi import FastAPI


def make_guarded(**options: Any) -> FastAPI:
    config = SecurityConfig(enable_redis=False, rate_limit=LIMIT, rate_limit_window=60, enforce_https=True, **options)
    api = make(lifespan=guard_lifespan)
    api.add_middleware(SecurityMiddleware, config=config)
    return api


app = tls_in_front(make_guarded())
