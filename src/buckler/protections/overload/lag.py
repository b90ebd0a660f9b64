"""How late the event loop is. A queue of work that never waits is nowhere to be counted: it stands in the loop itself."""

from __future__ import annotations

_EVERY_S = 0.005  # between two looks: 200 a second, each of about 2 µs
_EVERY_STRAINED_S = 0.001  # once a turn of the loop, which then serves for `allowed_s`, and turns away for the rest of it
_STANDING_S = 0.2  # CoDel's interval and Facebook's N are 0.1; with twice that, nobody is turned away at 80 % of what can be served
_INTERVAL = 10
_CALM_S = 1.0  # without anybody turned away: else every overload is forgotten and found anew several times a second
_STANDING_LOOKS = 3  # a single handler that blocks is late once, and once more with what had to wait for it; …
_MANY = 10  # … a turn that answered so many was no single handler
_GRAINS = 2  # a request behind two others has not waited for long, however long each of them takes
_MOST_S = 0.25  # whatever blocks the loop: a quarter of a second is felt by everybody
_SMOOTH = 0.2


class Lag:
    """A timer is due at `due_s`; whoever runs later than that sees by how much the loop is late, without any queue's telling.

    As CoDel does (RFC 8289), and Facebook with its queues ("Fail at Scale", ACM Queue 13(8)): a delay that comes and goes is a burst,
    and passes. One of `noticed_s` that has stood for a fifth of a second is a queue that only grows: the loop is `strained`, and whoever
    finds it later than `allowed_s` has come too late. It is so until it has been on time for as long, and nobody was turned away for a
    second. (CoDel lets go at the first packet that is on time. Here a turn of the loop is short, and by chance one of them is on time in
    any overload: each would cost a fifth of a second. And it has one number where here are two: some dozen clients that ask again as soon
    as they are answered keep a queue of ten milliseconds that nobody feels; with `allowed_s` alone a third of them was turned away.)
    """

    __slots__ = (
        "_base_s",
        "_busy_s",
        "_ended",
        "_late_looks",
        "_noticed_s",
        "_other_since_s",
        "_turned_away_s",
        "allowed_s",
        "due_s",
        "every_s",
        "strained",
    )

    def __init__(self, allowed_s: float, noticed_s: float) -> None:
        self._base_s = self.allowed_s = allowed_s
        self._noticed_s, self._turned_away_s = noticed_s, -_CALM_S
        self._busy_s = self._ended = 0.0  # smoothed: how long the loop was busy when it was late, and how many it answered in that time
        self.begin(0.0)

    def begin(self, now_s: float) -> None:
        """Begin anew: the loop is another one, or has slept."""
        self.strained, self.every_s, self.due_s = False, _EVERY_S, now_s + _EVERY_S
        self._other_since_s, self._late_looks = now_s, 0

    def look(self, now_s: float, ended: int) -> None:
        """Judge one look of the timer: `ended` requests were answered since the last one."""
        late_s = now_s - self.due_s
        is_late = late_s >= (self.allowed_s if self.strained else max(self.allowed_s, self._noticed_s))
        self._late_looks = self._late_looks + 1 + ended // _MANY if is_late else 0
        if is_late == self.strained:
            self._other_since_s = now_s
        elif now_s - self._other_since_s >= self._stands_s and (
            self._is_calm(now_s) if self.strained else self._late_looks >= _STANDING_LOOKS
        ):
            self.strained = is_late
            self._other_since_s = now_s
            self.every_s = _EVERY_STRAINED_S if is_late else _EVERY_S
        if ended and late_s >= self._base_s:
            # A strained turn serves for `allowed_s` and turns away for the rest of it: that is no time of a request's.
            busy_s = (min(late_s, self.allowed_s) if self.strained else late_s) + self.every_s
            self._busy_s += (busy_s - self._busy_s) * _SMOOTH
            self._ended += (ended - self._ended) * _SMOOTH
            self.allowed_s = max(self._base_s, min(_MOST_S, _GRAINS * self._busy_s / self._ended))
        self.due_s = now_s + self.every_s

    def is_too_late(self, now_s: float, patience: float) -> bool:
        """Whether whoever comes now, and is waited for so many times as long as others, has come too late."""
        if not self.strained or now_s < self.due_s + self.allowed_s * patience:
            return False
        self._turned_away_s = now_s
        return True

    def _is_calm(self, now_s: float) -> bool:
        return now_s - self._turned_away_s >= _CALM_S

    @property
    def standing_s(self) -> float:
        """How late one may be before it is looked at more closely."""
        return self.allowed_s if self.strained else self._stands_s

    @property
    def _stands_s(self) -> float:
        """How long a delay must last to be no burst: CoDel's interval, or ten times what is allowed."""
        return max(_STANDING_S, self.allowed_s * _INTERVAL)
