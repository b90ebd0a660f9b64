"""Many nodes behind a balancer, some of which are lost for a while: what the others do with the rest of the load.

Not request by request: in steps of a twentieth of a second, each node has so many seconds of work before it, and a random number of
requests comes to it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.simulation.shedding import AGAIN_S, PAGE_US, PATIENCE_S, TRIES

if TYPE_CHECKING:
    from bench.simulation.inputs import Inputs

NODES = (3, 10, 100, 1000)
LOAD, LOST = 0.7, 0.4
LOST_AT_S, BACK_AT_S, SECONDS = 10.0, 30.0, 90.0
CHECK_S, CHECKS, AWAY_S = 1.0, 3, 10.0  # a node that answers no health check in a second, three times, is started anew
_STEP_S = 0.05
_SHED_WAIT_S = 0.01  # what is before a node that sheds: the delay that is allowed, twice
_SEED = 20_261_121


@dataclass
class _Node:
    back_s: float = 0.0  # out until then
    work_s: float = 0.0  # that lies before it
    failed: int = 0  # health checks in a row


class _Again:
    """Who comes again, by the step in which they do: pages of work, by how many tries they have left."""

    def __init__(self, steps: int) -> None:
        self._steps = [[0.0] * (TRIES + 1) for _ in range(steps + 1)]
        self._steps_each = [int(at_s / _STEP_S) for at_s in _range(AGAIN_S)]

    def at(self, step: int) -> list[float]:
        return self._steps[step]

    def later(self, step: int, shares: list[float], work_s: float) -> None:
        """`work_s` has come to nothing; `shares` says which tries it was of."""
        for tries in range(2, TRIES + 1):
            part_s = work_s * shares[tries] / len(self._steps_each)
            for pause in self._steps_each:
                if step + pause < len(self._steps):
                    self._steps[step + pause][tries - 1] += part_s


def _range(ends_s: tuple[float, float]) -> list[float]:
    return [ends_s[0] + (ends_s[1] - ends_s[0]) * part / 16 for part in range(17)]


def run(inputs: Inputs) -> list[dict[str, Any]]:
    return [_play(inputs, nodes, sheds=sheds) for nodes in NODES for sheds in (False, True)]


def _play(inputs: Inputs, count: int, *, sheds: bool) -> dict[str, Any]:
    chance = random.Random(f"{_SEED} {count}")  # noqa: S311  # the same arrivals every time
    steps, nodes = int(SECONDS / _STEP_S), [_Node() for _ in range(count)]
    again, good = _Again(steps), [0.0] * steps
    lost = round(count * LOST)
    for step in range(steps):
        now_s = step * _STEP_S
        if step == int(LOST_AT_S / _STEP_S):
            for node in nodes[:lost]:
                node.back_s, node.work_s = BACK_AT_S, 0.0
        there = [node for node in nodes if node.back_s <= now_s]
        flows = [*again.at(step)[:TRIES], LOAD * count * _STEP_S]
        whole_s = sum(flows)
        shares = [flow / whole_s for flow in flows]
        if not there:
            again.later(step, shares, whole_s)
            continue
        for node in there:
            come_s = _poisson(chance, whole_s / len(there))
            good_s, vain_s = _shed(node, come_s, inputs) if sheds else _queue(node, come_s)
            good[step] += good_s
            again.later(step, shares, vain_s)
            if step % int(CHECK_S / _STEP_S) == 0:
                _check(node, now_s)
    return {"nodes": count, "lost": lost, "sheds": sheds, **_summary(good, count)}


def _poisson(chance: random.Random, mean_s: float) -> float:
    """Pages of work that come in one step, by the normal law, which is near enough for fifty and more."""
    pages = mean_s * 1e6 / PAGE_US
    return max(0.0, chance.gauss(pages, pages**0.5)) * PAGE_US / 1e6


def _queue(node: _Node, come_s: float) -> tuple[float, float]:
    """All are taken, in order. What has lain for longer than anybody waits is worked off all the same."""
    in_vain = node.work_s > PATIENCE_S
    done_s = min(_STEP_S, node.work_s + come_s)
    node.work_s += come_s - done_s
    return (0.0, come_s) if in_vain else (done_s, 0.0)


def _shed(node: _Node, come_s: float, inputs: Inputs) -> tuple[float, float]:
    """What does not fit is turned away, which costs something as well."""
    price = inputs.refused_us / PAGE_US
    free_s = _STEP_S + _SHED_WAIT_S - node.work_s
    over_s = max(0.0, min(come_s, (come_s - free_s) / (1 - price)))
    done_s = min(_STEP_S, node.work_s + come_s - over_s + over_s * price)
    node.work_s = max(0.0, node.work_s + come_s - over_s + over_s * price - done_s)
    return max(0.0, done_s - over_s * price), over_s


def _check(node: _Node, now_s: float) -> None:
    node.failed = node.failed + 1 if node.work_s > PATIENCE_S else 0
    if node.failed >= CHECKS:
        node.back_s, node.work_s, node.failed = now_s + AWAY_S, 0.0, 0


def _summary(good: list[float], count: int) -> dict[str, Any]:
    """The share of the ordinary load that was answered in time: while nodes are lost, in the half minute after that, and at the end."""

    def share(begin_s: float, end_s: float) -> float:
        part = good[int(begin_s / _STEP_S) : int(end_s / _STEP_S)]
        return sum(part) / (LOAD * count * (end_s - begin_s))

    return {
        "while_lost": share(LOST_AT_S, BACK_AT_S),
        "after": share(BACK_AT_S, BACK_AT_S + 30),
        "at_the_end": share(SECONDS - 10, SECONDS),
    }
