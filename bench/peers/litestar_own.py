"""Litestar with its own CSRF protection, rate limit, allowed hosts and server-side sessions, each as its documentation shows it.

It has no security headers of its own.
"""

# mypy: disable-error-code="import-not-found"
# The peers live in an environment of their own, where mypy does not look.

from __future__ import annotations

from litestar import Litestar
from litestar.config.allowed_hosts import AllowedHostsConfig
from litestar.config.csrf import CSRFConfig
from litestar.middleware.rate_limit import RateLimitConfig
from litestar.middleware.session.server_side import ServerSideSessionConfig

from bench.peers.common import HOST, LIMIT, SECRET, tls_in_front
from bench.peers.litestar_plain import hello, visit, write

api = Litestar(
    route_handlers=[hello, write, visit],
    csrf_config=CSRFConfig(secret=SECRET, cookie_secure=True),
    allowed_hosts=AllowedHostsConfig(allowed_hosts=[HOST]),
    middleware=[RateLimitConfig(rate_limit=("minute", LIMIT)).middleware, ServerSideSessionConfig(secure=True).middleware],
)
app = tls_in_front(api)
