"""The same, with the quicker of slowapi's two middlewares."""

# mypy: disable-error-code="import-not-found"
# The peers live in an environment of their own, where mypy does not look.

from __future__ import annotations

from slowapi.middleware import SlowAPIASGIMiddleware

from bench.peers.common import tls_in_front
from bench.peers.fastapi_glue import make_glued

app = tls_in_front(make_glued(SlowAPIASGIMiddleware))
