"""fastapi-guard without its search for attack patterns in every field, which Buckler does not do either: nearer to equal work."""

from __future__ import annotations

from bench.peers.common import tls_in_front
from bench.peers.fastapi_guard_peer import make_guarded

app = tls_in_front(make_guarded(enable_penetration_detection=False))
