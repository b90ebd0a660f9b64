"""The smallest ASGI application behind Buckler."""

from __future__ import annotations

from bench.guards import guarded
from bench.peers.bare import bare
from bench.peers.common import tls_in_front

guard = guarded(bare)
app = tls_in_front(guard)
