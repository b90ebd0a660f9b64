"""Invalidation: every change of a value is told to every node, by one store server, which does one thing after the other."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.simulation.inputs import Inputs

NODES = (1, 10, 100, 300, 1000)
WRITES_PER_S = (0.1, 1.0, 10.0)  # of each node: sessions that begin, change and end
_WRITES = 20_000
_SEED = 20_261_121
_FULL = 0.95  # of a core; over that a queue grows without end


def run(inputs: Inputs) -> list[dict[str, Any]]:
    return [_play(inputs, nodes, writes) for writes in WRITES_PER_S for nodes in NODES]


def _play(inputs: Inputs, nodes: int, writes_per_s: float) -> dict[str, Any]:
    """The store is a queue with one server. A node hears of a change when all nodes before it in the row have been told."""
    chance = random.Random(f"{_SEED} {nodes} {writes_per_s}")  # noqa: S311  # the same arrivals every time
    every_us = 1e6 / (nodes * writes_per_s)
    service_us = inputs.write_store_us + nodes * inputs.push_store_us
    busy = service_us / every_us
    found = {
        "nodes": nodes,
        "writes_per_s": writes_per_s,
        "pushes_per_s": nodes * nodes * writes_per_s,
        "store_busy": busy,
        "node_busy": nodes * writes_per_s * inputs.push_node_us / 1e6,
        "fan_out_ms": nodes * inputs.push_store_us / 1e3,
    }
    if busy > _FULL:
        return found | {"stale_p50_ms": None, "stale_p99_ms": None, "stale_max_ms": None}
    stale_ms, now_us, free_us = [], 0.0, 0.0
    for _ in range(_WRITES):
        now_us += chance.expovariate(1 / every_us)
        begin_us = max(now_us, free_us)
        free_us = begin_us + service_us
        told_us = begin_us + inputs.write_store_us + chance.randint(1, nodes) * inputs.push_store_us
        stale_ms.append((told_us - now_us + inputs.one_way_us + inputs.push_node_us) / 1e3)
    stale_ms.sort()
    return found | {"stale_p50_ms": stale_ms[_WRITES // 2], "stale_p99_ms": stale_ms[_WRITES * 99 // 100], "stale_max_ms": stale_ms[-1]}


def nodes_of_one_store(inputs: Inputs, writes_per_s: float) -> int:
    """How many nodes one store server can tell, at half of a core: with n nodes, n writes * (a write + n pushes) is 0.5 s a second."""
    push, write = inputs.push_store_us * writes_per_s, inputs.write_store_us * writes_per_s
    return int((-write + (write * write + 4 * push * 0.5e6) ** 0.5) / (2 * push))
