"""A machine whose clock its work moves: what is seen of ten microseconds is the same on a busy one and on an idle one."""

from __future__ import annotations

from random import Random

_NOISE_NS, _LOST_NS = 20_000, 3_000_000
_LOSES = 0.1  # how often somebody else has the processor


class Machine:
    """In place of `time` in `balance.pairs`. Each look at the clock finds that some time went elsewhere, and now and then much of it."""

    def __init__(self) -> None:
        self._now_ns, self._chance = 0.0, Random(7)

    def perf_counter_ns(self) -> int:
        self._now_ns += self._chance.expovariate(1 / _NOISE_NS)
        if self._chance.random() < _LOSES:
            self._now_ns += _LOST_NS
        return int(self._now_ns)

    def work(self, us: float) -> None:
        """Let the work take so long."""
        self._now_ns += us * 1000
