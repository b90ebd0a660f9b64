"""How late the event loop is. A queue of work that never waits is nowhere to be counted: it stands in the loop itself."""

from __future__ import annotations

EVERY_S = 0.005  # between two looks: a turn of the loop that is overloaded serves for so long, and for the delay that is allowed
_STANDING_S = 0.1  # Facebook's N, and CoDel's interval: a burst is over sooner
_STANDING_LOOKS = 3  # a single handler that blocks is late once, and once more with what had to wait for it
_GRAINS = 2  # a request behind two others has not waited for long, however long each of them takes
_SMOOTH = 0.2


class Lag:
    """A timer is due at `due_s`; whoever runs later than that sees by how much the loop is late, without any queue's telling.

    As CoDel does (RFC 8289), and Facebook with its queues ("Fail at Scale", ACM Queue 13(8)): a delay that comes and goes is a burst,
    and passes. One that has stood for a tenth of a second is a queue that only grows: from then on whoever finds the loop later than
    `allowed_s` came too late, until a look is on time again.
    """

    __slots__ = ("_base_s", "_late_looks", "_late_since_s", "allowed_s", "due_s", "grain_s", "strained")

    def __init__(self, allowed_s: float) -> None:
        self._base_s = self.allowed_s = allowed_s
        self.due_s = 0.0
        self.grain_s = 0.0  # how long one request keeps the loop to itself, as seen when it was late
        self.forget()

    def forget(self) -> None:
        """Begin anew: the loop is another one, or has slept."""
        self.strained = False
        self._late_since_s, self._late_looks = 0.0, 0

    def look(self, now_s: float, ended: int) -> None:
        """Judge one look of the timer: `ended` requests were answered since the last one."""
        late_s = now_s - self.due_s
        if late_s < self.allowed_s:
            self.forget()
        else:
            if not self._late_looks:
                self._late_since_s = self.due_s
            self._late_looks += 1
            if self._late_looks >= _STANDING_LOOKS and now_s - self._late_since_s >= _STANDING_S:
                self.strained = True
        if ended and late_s >= self._base_s:
            self.grain_s += ((late_s + EVERY_S) / ended - self.grain_s) * _SMOOTH
            self.allowed_s = max(self._base_s, _GRAINS * self.grain_s)
        self.due_s = now_s + EVERY_S

    @property
    def standing_s(self) -> float:
        """How late one may be before it is looked at more closely."""
        return self.allowed_s if self.strained else max(self.allowed_s, _STANDING_S)
