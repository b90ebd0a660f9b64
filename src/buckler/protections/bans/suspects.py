"""Who was refused lately, and who is banned: what one worker knows, in bounded memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from buckler.core.store import Take, gcra

if TYPE_CHECKING:
    from collections.abc import Sequence

    from buckler.protections.bans.ban import Ban

_KEPT_SHARE = 3 / 4  # when room is needed, a quarter goes at once: one look through the table for many newcomers


class Rules(NamedTuple):
    """When a ban begins, how long it lasts, and how much is remembered."""

    points: int
    within_s: float
    lengths_s: Sequence[float]
    forget_s: float
    max_clients: int


class Suspect:
    """What is known of one client that was refused."""

    __slots__ = ("ask_s", "ban", "because", "due_s", "kept", "learned", "untold")

    def __init__(self) -> None:
        self.due_s = 0.0  # when its quota of points is whole again
        self.untold = 0  # points that the store has not heard of
        self.because = ""  # the code of the last refusal
        self.ban: Ban | None = None  # the last one, also when it is over
        self.learned = False  # whether the ban was made after reading what the store says, so that it may be written over that
        self.kept = False  # whether the store is known to have it: when it has it no more, it was lifted
        self.ask_s = 0.0  # from when on the store is asked again

    def banned(self, now_s: float) -> bool:
        return self.ban is not None and self.ban.in_force(now_s)

    def strike(self, points: int, rules: Rules, now_s: float) -> bool:
        """Count `points`; whether they are too many."""
        self.untold += points
        self.due_s, taken = gcra(self.due_s, now_s, Take("", rules.points, rules.within_s, points, spent=True))
        return not taken.allowed

    def serve(self, ban: Ban, *, kept: bool) -> None:
        """Be banned: the points that have led to it are not told once more."""
        self.ban, self.untold, self.kept, self.learned = ban, 0, kept, False

    def is_clean(self, now_s: float) -> bool:
        """Whether there is nothing to remember: the points are forgiven, and no ban is in force."""
        return self.due_s <= now_s and not self.banned(now_s)

    def worth(self, now_s: float) -> int:
        """How much would be lost by forgetting it: nothing, points, a ban."""
        return 2 if self.banned(now_s) else self.due_s > now_s

    def forgive(self) -> None:
        """Forget everything that it did."""
        self.due_s, self.untold, self.ban, self.kept = 0.0, 0, None, False


class Suspects(dict[str, Suspect]):
    """By client. A dictionary, because the hot path looks into it once for every request.

    When it is full, those go of whom there is nothing to remember; if that is not enough, the oldest that are not banned, and only then
    the oldest bans, which the store still has. So whoever wants to be forgotten needs as many other addresses as there is room, each of
    which has to be refused.
    """

    def __init__(self, rules: Rules) -> None:
        super().__init__()
        self._most = rules.max_clients

    def met(self, client: str, now_s: float) -> Suspect:
        """Return what is known of `client`, beginning to remember it."""
        found = self.get(client)
        if found is None:
            if len(self) >= self._most:
                self._make_room(now_s)
            found = self[client] = Suspect()
        return found

    def _make_room(self, now_s: float) -> None:
        wanted = max(1, len(self) - int(self._most * _KEPT_SHARE))
        for client in sorted(self, key=lambda client: self[client].worth(now_s))[:wanted]:  # the older ones first: sorting keeps the order
            del self[client]


class Struck:
    """Names that were refused lately, of signed-in sessions: two generations, so that there are never more than `most` of them."""

    def __init__(self, most: int) -> None:
        self._half = max(1, most // 2)
        self._young: set[str] = set()
        self._old: set[str] = set()

    def add(self, name: str) -> None:
        if len(self._young) >= self._half:
            self._old, self._young = self._young, set()
        self._young.add(name)

    def __contains__(self, name: str) -> bool:
        return name in self._young or name in self._old
