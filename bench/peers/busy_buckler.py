"""The same application behind Buckler, with everything on."""

from __future__ import annotations

from bench.guards import guarded
from bench.peers.busy import make
from bench.peers.common import tls_in_front

guard = guarded(make())
app = tls_in_front(guard)
