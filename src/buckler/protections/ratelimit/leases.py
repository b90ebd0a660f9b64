"""Leases: a part of a quota, taken from the store in one call and spent where it is, so that a busy client costs no round trip.

What is spent here was taken there before, so over all time nobody gets more than the quota. A call may be spent up to `lease_s` after
it was taken: within any stretch of time a client gets at most `limit / period_s * lease_s` calls more than without leases. In the other
direction: what lies here cannot be spent elsewhere. So a lease begins with nothing, is never larger than what the client has spent in its
course, and is given back, with the next question, when its time is over.

Nothing here needs to be kept: whatever is forgotten was taken already, and is only lost to the client.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from buckler.core.store import Take, Taken

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from buckler.core.rate import Rate
    from buckler.core.store import Op, Reply

_BELIEVED = 0.25  # of a lease: how long a refusal is believed at least. Where much is refused, each worker asks so often and not more


class Terms(NamedTuple):
    """How much of a quota may be leased at once, and for how long."""

    most: int
    lease_s: float


class _Lease:
    """`left` calls until `until_s`. `run` is what was spent since a lease was last left to lapse, `used` what was spent of this one."""

    __slots__ = ("asking", "known", "left", "refused_cost", "refused_until_s", "run", "seen_s", "until_s", "used")

    def __init__(self) -> None:
        self.left = self.run = self.used = self.refused_cost = 0
        self.until_s = self.seen_s = self.refused_until_s = 0.0
        self.known = Taken(allowed=True, remaining=0, retry_s=0.0, reset_s=0.0)
        self.asking = False


class Leases:
    """The leases of one process, at most `max_kept`; the one that was asked about longest ago makes room."""

    def __init__(self, monotonic: Callable[[], float], max_kept: int) -> None:
        self._monotonic, self._max_kept = monotonic, max_kept
        self._kept: OrderedDict[str, _Lease] = OrderedDict()
        self._lock = Lock()  # several event loops of one process may share a guard

    def spend(self, wanted: Sequence[tuple[str, int]]) -> list[Taken | None]:
        """Answer for each key and cost from its lease, or with the store's last refusal while it holds; None: the store must be asked.

        Where every answer is a yes, all of it is spent; else nothing is.
        """
        with self._lock:
            found = [self._known(key, cost) for key, cost in wanted]
            if len({key for key, _ in wanted}) < len(wanted):
                return [None] * len(wanted)  # two limits that count the same: one answer is not enough for both
            if all(known is not None and known.allowed for known in found):
                for key, cost in wanted:
                    self._kept[key].left -= cost
                    self._kept[key].used += cost
        return found

    def _known(self, key: str, cost: int) -> Taken | None:
        lease = self._kept.get(key)
        if lease is None:
            return None
        now_s = self._monotonic()
        if lease.left >= cost and now_s < lease.until_s:
            return _aged(lease, now_s, remaining=lease.known.remaining + lease.left - cost, allowed=True)
        if cost >= lease.refused_cost and now_s < lease.refused_until_s:
            return _aged(lease, now_s, remaining=lease.known.remaining, allowed=False)
        return None

    def ask(self, key: str, terms: Terms) -> tuple[int, int] | None:
        """Return how much to give back to the store, and how much to ask for besides the request's own cost; `answered` then says what
        came of it. None: another request is asking already, and one is enough.
        """
        with self._lock:
            lease = self._kept.get(key) or _Lease()
            self._kept[key] = lease
            self._kept.move_to_end(key)
            if len(self._kept) > self._max_kept:
                self._kept.popitem(last=False)
            if lease.asking:
                return None
            now_s = self._monotonic()
            if now_s < lease.until_s:
                lease.run += lease.used
            else:
                lease.run = lease.used if now_s < lease.until_s + terms.lease_s else 0
            back, lease.left, lease.used, lease.until_s = lease.left, 0, 0, now_s + terms.lease_s
            lease.asking = True
            return back, min(terms.most, lease.run, lease.known.remaining // 2)  # the rest is for the other processes

    def answered(self, key: str, more: int, taken: Taken | None) -> None:
        """The one who has asked for `more` got it, as `taken` says; None: nothing came of it."""
        with self._lock:
            lease = self._kept.get(key)
            if lease is None:
                return
            lease.asking = False
            if taken is not None:
                lease.left, lease.known = more, taken

    def told(self, key: str, cost: int, taken: Taken, terms: Terms) -> None:
        """What the store said about a request's own cost."""
        with self._lock:
            lease = self._kept.get(key)
            if lease is None:
                return
            lease.known, lease.seen_s = taken, self._monotonic()
            if taken.allowed:
                lease.used += cost
                lease.refused_until_s = 0.0
            elif taken.retry_s > 0:
                # What others give back, and what grows back meanwhile, stays in the store for a part of a lease, and is not lost.
                lease.refused_cost = cost
                lease.refused_until_s = lease.seen_s + min(max(taken.retry_s, terms.lease_s * _BELIEVED), terms.lease_s)


class Renewal:
    """What one question to the store brings along for the leases: what is given back goes before, what is asked for goes after."""

    def __init__(self, leases: Leases) -> None:
        self._leases = leases
        self._keys: list[str] = []
        self.before: list[Op] = []
        self.after: list[Take] = []

    def add(self, key: str, rate: Rate, terms: Terms) -> None:
        """Renew the lease `key`, unless another request is about to."""
        asked = self._leases.ask(key, terms)
        if asked is None:
            return
        self._keys.append(key)
        back, more = asked
        if back:
            self.before.append(Take(key, rate.limit, rate.period_s, -back))
        if more:
            self.after.append(Take(key, rate.limit, rate.period_s, more, follows=True))

    def done(self, replies: Sequence[Reply]) -> None:
        """The answers to `after`; none at all when the store has failed."""
        got = {
            op.key: (op.cost, taken) for op, taken in zip(self.after, replies, strict=False) if isinstance(taken, Taken) and taken.allowed
        }
        for key in self._keys:
            self._leases.answered(key, *got.get(key, (0, None)))


def _aged(lease: _Lease, now_s: float, *, remaining: int, allowed: bool) -> Taken:
    """The store's last answer, as it would be now."""
    age_s = now_s - lease.seen_s
    return Taken(allowed, remaining, max(0.0, lease.known.retry_s - age_s), max(0.0, lease.known.reset_s - age_s))
