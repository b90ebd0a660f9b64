"""How many requests may be at work at once: learnt from how long they take, beside how long they take in calm."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_WINDOW_S = 0.1  # Envoy's sampling window: https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/
_ENOUGH = 10  # answers in a window; an average of fewer says nothing
_SOME = 500  # of which the fastest quarter is found; to sort thousands takes longer than to answer one
_TOLERANCE = 2.0  # Netflix's `rttTolerance` is 1.5; twice as long is still no queue on a busy machine
_STEEPEST = 0.5  # as both: one bad window takes at most half
_GROWTH = 1 / 8
_DOWN, _UP = 0.2, 1.005  # how the calm time follows: downwards within a second, upwards by 5 % a second at most
_AT_THE_FLOOR = 5  # windows; as Envoy: who is slow with so few at work is slow in calm


class Gradient:
    """`limit` follows the ratio of the calm time to the present one; `calm_s` is the mean time of requests where no limit binds.

    Netflix's Gradient2 compares with a long average, which an overload that lasts pulls up behind itself, so that the limit creeps
    up with it (its pull request 134). Envoy compares with the time at a concurrency of three, for which it has to turn visitors away
    in calm. Here the calm time is learnt only while the limit does not bind, from the traffic as it is; and as with Envoy anew when
    it is slow although the limit is at its floor: then it is not our queue. The limit goes down only where the fastest quarter has
    become slow as well: who queues waits whatever he asked for. Else three clients who each ask fifty times for a page that waits for a
    second would make it look as if everything had become slow, and the limit would fall until nobody else got in. The limit moves only
    while it binds, since a window in which few are at work says nothing of how many could be.
    """

    __slots__ = ("_calm_fast_s", "_due_s", "_floor_windows", "_least", "_most", "_peak", "_start", "calm_s", "limit")

    def __init__(self, *, least: int, start: int, most: int) -> None:
        self._least, self._start, self._most = float(least), float(start), float(most)
        self.limit = float(start)
        self.calm_s = self._calm_fast_s = 0.0  # 0: not known yet
        self._due_s = self._peak = 0.0
        self._floor_windows = 0

    def look(self, now_s: float, working: int, times_s: Sequence[float]) -> bool:
        """Take note of how many are at work. Close the window when it is over, and return whether it was: `times_s` are what the requests
        took that have ended in it."""
        self._peak, ended = max(self._peak, working), len(times_s)
        if ended < _ENOUGH or now_s < self._due_s:
            return False
        mean_s, some_s = sum(times_s) / ended, sorted(times_s[:: ended // _SOME + 1])
        self._close(mean_s, some_s[len(some_s) // 4])
        # Not before what this window has changed can be seen in the next one.
        self._due_s = now_s + max(_WINDOW_S, mean_s)
        self._peak = 0.0
        return True

    def _close(self, mean_s: float, fast_s: float) -> None:
        binds = self._peak * 2 >= self.limit
        self.calm_s, self._calm_fast_s = _followed(self.calm_s, mean_s, binds=binds), _followed(self._calm_fast_s, fast_s, binds=binds)
        if binds:
            self._move(mean_s, fast_s)
        elif self.limit < self._start:  # the overload is over: room for the next burst
            self.limit = min(self._start, self.limit * (1 + _GROWTH))

    def _move(self, mean_s: float, fast_s: float) -> None:
        gradient = max(_ratio(self.calm_s, mean_s), _ratio(self._calm_fast_s, fast_s))
        if gradient >= 1:
            self.limit = min(self._most, self.limit * (1 + _GROWTH))
            return
        self.limit = max(self._least, self.limit * max(_STEEPEST, gradient))
        self._floor_windows = self._floor_windows + 1 if self.limit == self._least else 0
        if self._floor_windows == _AT_THE_FLOOR:
            self.calm_s, self._calm_fast_s, self._floor_windows = mean_s, fast_s, 0


def _followed(calm_s: float, time_s: float, *, binds: bool) -> float:
    """Return the calm time, after a window in which requests took `time_s`."""
    calm_s = calm_s or time_s
    if time_s < calm_s:
        return calm_s + (time_s - calm_s) * _DOWN
    return calm_s if binds else min(time_s, calm_s * _UP)


def _ratio(calm_s: float, time_s: float) -> float:
    return _TOLERANCE * calm_s / time_s if time_s else 1.0
