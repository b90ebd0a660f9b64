"""The same, with the quicker of slowapi's two middlewares."""

from __future__ import annotations

from slowapi.middleware import SlowAPIASGIMiddleware

from bench.peers.common import tls_in_front
from bench.peers.fastapi_glue import make_glued

app = tls_in_front(make_glued(SlowAPIASGIMiddleware))
