"""One ban, and how bans are written into the store."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

_SKEW_S = 300.0  # so far may clocks differ; a ban from later than that is from a clock that was set back since, and is none
_TOLD_S = 600.0  # so long the news says that a ban was lifted
_MOST_NEWS = 512  # bans in the news; the oldest make room
_PARTS = 5


class Ban(NamedTuple):
    """`client` (an IPv4 address or an IPv6 /64) is refused from `made_s` until `until_s`, in seconds since the epoch. `level`: how many
    there were, this one included. `because`: the code of the last refusal, or the operator's own words."""

    client: str
    level: int
    made_s: float
    until_s: float
    because: str

    def in_force(self, now_s: float) -> bool:
        return self.made_s - _SKEW_S <= now_s < self.until_s

    @property
    def lifted(self) -> bool:
        """Whether this only says that there is none."""
        return self.until_s <= self.made_s

    @property
    def order(self) -> tuple[float, bool]:
        """What of two words about one client is the newer one; of two at the same time, that there is none."""
        return self.made_s, self.lifted


def lifted(client: str, now_s: float) -> Ban:
    """Return the word that there is no ban of `client` any more."""
    return Ban(client, 0, now_s, now_s, "lifted")


def is_over(ban: Ban, now_s: float) -> bool:
    """Whether nobody needs to hear of it any more."""
    return max(ban.until_s, ban.made_s + _TOLD_S) <= now_s


def write(ban: Ban) -> bytes:
    """Return it as it is kept in the store."""
    return json.dumps(ban, separators=(",", ":")).encode()


def read(raw: object) -> Ban | None:
    """Return the ban that is written there; None for anything else."""
    return None if (found := _parsed(raw)) is None else _ban(found)


def write_news(bans: Iterable[Ban], now_s: float) -> bytes:
    """Write those that are not over, at most 512 of them: the newest."""
    kept = sorted((ban for ban in bans if not is_over(ban, now_s)), key=lambda ban: -ban.made_s)
    return json.dumps(kept[:_MOST_NEWS], separators=(",", ":")).encode()


def read_news(raw: object) -> dict[str, Ban]:
    """Return bans by client; what is no ban is left out."""
    found = _parsed(raw)
    bans = [ban for item in found if (ban := _ban(item)) is not None] if isinstance(found, list) else []
    return {ban.client: ban for ban in bans}


def _parsed(raw: object) -> object | None:
    try:
        return json.loads(raw) if isinstance(raw, bytes) else None
    except (ValueError, RecursionError):
        return None


def _ban(item: object) -> Ban | None:
    if not isinstance(item, list) or len(item) != _PARTS:
        return None
    client, level, made_s, until_s, because = item
    numbers = all(isinstance(part, (int, float)) and math.isfinite(part) for part in (level, made_s, until_s))
    good = numbers and isinstance(client, str) and isinstance(because, str)
    return Ban(client, int(level), float(made_s), float(until_s), because) if good else None
