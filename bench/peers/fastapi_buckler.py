"""The same FastAPI application behind Buckler."""

from __future__ import annotations

from bench.guards import guarded
from bench.peers.common import tls_in_front
from bench.peers.fastapi_plain import make

guard = guarded(make())
app = tls_in_front(guard)
